import type { FastifyReply, FastifyRequest } from 'fastify';
import { guard, type GuardOptions } from './guard.js';
import type { TokenVerifier, VerifiedToken } from './verifier.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The agent that calls, after `authorize()`. */
    agent?: VerifiedToken;
  }
}

/**
 * Lets requests with a good token through, with the agent as `request.agent`, and answers all others: 401, 403, or 503 while
 * the keys cannot be had. A hook for `onRequest`, of one route or of all.
 */
export function authorize(
  verifier: TokenVerifier,
  options: GuardOptions = {},
): (request: FastifyRequest, reply: FastifyReply) => Promise<unknown> {
  const judge = guard(verifier, options);
  return async (request, reply) => {
    const judgement = await judge(request.headers.authorization);
    if ('agent' in judgement) {
      request.agent = judgement.agent;
      return undefined;
    }
    const { status, headers, body } = judgement.refusal;
    return reply.code(status).headers(headers).send(body);
  };
}

export type { GuardOptions };
