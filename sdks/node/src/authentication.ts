import { readFile } from 'node:fs/promises';
import { Secret } from './secret.js';

/** A request, as far as a proof has to do with it. */
export interface ProvedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  /** The form that is sent, at the token endpoints; elsewhere nothing. */
  readonly form?: URLSearchParams;
}

/** What a request proves itself with. */
export interface Proof {
  /** Adds the proof to the request. Called for each attempt, so that a proof which is good once is made anew. */
  prove(request: ProvedRequest): Promise<void>;
  /** After a 401: whether there is another proof to try than the one in this request. */
  renew(request: ProvedRequest): Promise<boolean>;
}

/**
 * How the client proves itself where tokens are issued, introspected and revoked. A client secret is one way
 * (`ClientSecret`); others, such as signing with a key, are classes beside it.
 */
export interface ClientAuthentication extends Proof {
  readonly clientId: string;
}

/** Where a secret comes from: itself, or whatever reads it anew for each request, so that a rotated one is taken up. */
export type SecretSource = string | Secret | (() => string | Secret | Promise<string | Secret>);

/** The secret in a file, which is read for each token: whoever rotates it only replaces the file. */
export function secretIn(path: string): SecretSource {
  return async () => (await readFile(path, 'utf8')).trim();
}

/** A client id and a client secret, as HTTP Basic (RFC 6749 section 2.3.1). */
export class ClientSecret implements ClientAuthentication {
  readonly clientId: string;
  readonly #read: () => string | Secret | Promise<string | Secret>;
  #replaced?: { readonly old: string; readonly by: Secret };

  constructor(clientId: string, source: SecretSource) {
    this.clientId = clientId;
    this.#read = typeof source === 'function' ? source : () => source;
  }

  async prove(request: ProvedRequest): Promise<void> {
    request.headers.set('authorization', await this.#basic());
  }

  /** The secret may have been rotated while the request was under way. */
  async renew(request: ProvedRequest): Promise<boolean> {
    return (await this.#basic()) !== request.headers.get('authorization');
  }

  /** From now on this secret is sent, for as long as the source still has the one before. */
  async replace(secret: Secret): Promise<void> {
    const old = Secret.of(await this.#read()).reveal();
    this.#replaced = { old, by: secret };
  }

  async #basic(): Promise<string> {
    const read = Secret.of(await this.#read());
    const secret = this.#replaced?.old === read.reveal() ? this.#replaced.by : read;
    const pair = `${formEncoded(this.clientId)}:${formEncoded(secret.reveal())}`;
    return `Basic ${Buffer.from(pair).toString('base64')}`;
  }
}

function formEncoded(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}
