import { createServer, request as send, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request that came by, and what was answered if anything was. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  status?: number;
}

/**
 * What becomes of a request: it is passed on; or it is, and the connection is cut before the answer arrives; or it is cut at
 * once; or it is answered by the proxy itself, perhaps with a body that breaks off; or its answer is kept back until a promise is fulfilled.
 */
export type Fate =
  | 'pass'
  | 'cut answer'
  | 'cut request'
  | {
      readonly status: number;
      readonly headers?: Record<string, string>;
      readonly body?: string;
      readonly cut?: boolean;
    }
  | { readonly hold: Promise<unknown> };

/** An HTTP proxy in front of a server, that does what a bad network does. */
export class Proxy {
  /** Everything that came by, in its order. */
  readonly seen: Seen[] = [];
  /** Decides what becomes of a request. */
  fate: (request: Seen) => Fate = () => 'pass';
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(port: number): Promise<Proxy> {
    const server = createServer();
    const proxy = new Proxy(server);
    server.on('request', (request, response) => {
      proxy.#pass(request, response, port).catch(() => {
        response.destroy();
      });
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** How many requests with this method and path came by since it was asked last. */
  count(method: string, path: string): number {
    return this.requests(method, path).length;
  }

  requests(method: string, path: string): Seen[] {
    return this.seen.filter((one) => one.method === method && one.path === path);
  }

  /** From now on requests pass, and none has been seen. */
  reset(): void {
    this.seen.length = 0;
    this.fate = () => 'pass';
  }

  /** The next requests with this method and path have these fates, one each; then they pass. */
  next(method: string, path: string | RegExp, ...fates: Fate[]): void {
    this.fate = (request) => {
      const meant =
        request.method === method && (typeof path === 'string' ? path === request.path : path.test(request.path));
      return (meant ? fates.shift() : undefined) ?? 'pass';
    };
  }

  stop(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((stopped) =>
      this.#server.close(() => {
        stopped();
      }),
    );
  }

  async #pass(request: IncomingMessage, response: ServerResponse, port: number): Promise<void> {
    const body = await whole(request);
    const { method = '', url = '', headers } = request;
    const path = url.split('?')[0] ?? '';
    const seen: Seen = { method, path, headers, body: body.toString() };
    this.seen.push(seen);
    const fate = this.fate(seen);
    if (fate === 'cut request') {
      request.socket.destroy();
      return;
    }
    if (typeof fate === 'object' && 'status' in fate) {
      seen.status = fate.status;
      response.writeHead(fate.status, fate.headers);
      if (fate.cut) {
        response.write(fate.body, () => request.socket.destroy());
      } else {
        response.end(fate.body);
      }
      return;
    }
    const answer = await new Promise<IncomingMessage>((answered, failed) => {
      send({ host: '127.0.0.1', port, method, path: url, headers }, answered).on('error', failed).end(body);
    });
    const answerBody = await whole(answer);
    if (typeof fate === 'object') {
      await fate.hold;
    }
    if (fate === 'cut answer') {
      request.socket.destroy();
      return;
    }
    seen.status = answer.statusCode ?? 0;
    response.writeHead(seen.status, answer.headers).end(answerBody);
  }
}

async function whole(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) {
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}
