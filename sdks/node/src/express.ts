import type { IncomingMessage, ServerResponse } from 'node:http';
import { guard, type GuardOptions } from './guard.js';
import type { TokenVerifier, VerifiedToken } from './verifier.js';

declare global {
  // Express declares its types in this namespace, so that others can add to them.
  // eslint-disable-next-line @typescript-eslint/no-namespace
  namespace Express {
    interface Request {
      /** The agent that calls, after `authorize()`. */
      agent?: VerifiedToken;
    }
  }
}

/**
 * Lets requests with a good token through, with the agent as `request.agent`, and answers all others: 401, 403, or 503 while
 * the keys cannot be had. A middleware for Express, and for what else takes `(request, response, next)`.
 */
export function authorize(
  verifier: TokenVerifier,
  options: GuardOptions = {},
): (
  request: IncomingMessage & { agent?: VerifiedToken },
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void {
  const judge = guard(verifier, options);
  return (request, response, next) => {
    judge(request.headers.authorization).then((judgement) => {
      if ('agent' in judgement) {
        request.agent = judgement.agent;
        next();
        return;
      }
      const { status, headers, body } = judgement.refusal;
      response.writeHead(status, { ...headers, 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    }, next);
  };
}

export type { GuardOptions };
