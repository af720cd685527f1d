import { inspect } from 'node:util';

const HIDDEN = '[secret]';

/** A secret that no log, error, template or JSON shows. `reveal()` is the one way to its text. */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  static of(secret: string | Secret): Secret {
    return secret instanceof Secret ? secret : new Secret(secret);
  }

  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return HIDDEN;
  }

  toJSON(): string {
    return HIDDEN;
  }

  [inspect.custom](): string {
    return HIDDEN;
  }
}
