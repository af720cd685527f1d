import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose';

/** An issuer whose keys a test has, for tokens that no honest server signs. */
export class TestIssuer {
  /** How often its keys were fetched. */
  fetched = 0;
  /** Whether it answers at all. */
  away = false;
  cacheControl = 'public, max-age=300';
  keys: JWK[] = [];
  readonly #server: Server;
  readonly #private = new Map<string, CryptoKey>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<TestIssuer> {
    const server = createServer();
    const issuer = new TestIssuer(server);
    server.on('request', (request, response) => {
      issuer.fetched += 1;
      if (issuer.away) {
        request.socket.destroy();
        return;
      }
      response.writeHead(200, { 'content-type': 'application/json', 'cache-control': issuer.cacheControl });
      response.end(JSON.stringify({ keys: issuer.keys }));
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    return issuer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** One more key, published at once. */
  async addKey(kid: string, alg = 'ES256'): Promise<JWK> {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    const key: JWK = { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' };
    this.keys.push(key);
    this.#private.set(kid, privateKey);
    return key;
  }

  /** A token as the server would sign it, with whatever a test has otherwise. */
  token(kid: string, claims: JWTPayload = {}, header: Record<string, unknown> = {}): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    const payload = {
      iss: this.url,
      sub: 'an-agent',
      client_id: 'an-agent',
      aud: 'https://resumes.example.com/',
      iat: now,
      exp: now + 900,
      jti: '01931e30-1f2e-7aa0-b5c6-d7e8f9a0b1c2',
      scope: 'resume:read',
      ...claims,
    };
    const key = this.#private.get(kid);
    if (key === undefined) {
      throw new Error(`no key ${kid}`);
    }
    return new SignJWT(payload).setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid, ...header }).sign(key);
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
