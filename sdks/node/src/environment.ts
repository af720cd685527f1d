import { ConfigurationError } from './errors.js';

/** Reads variables, and names all that are missing at once. */
export class Environment {
  readonly #variables: NodeJS.ProcessEnv;
  readonly #problems: string[] = [];

  constructor(variables: NodeJS.ProcessEnv) {
    this.#variables = variables;
  }

  text(name: string): string {
    const value = this.#value(name);
    if (value === undefined) {
      this.#problems.push(`${name} is not set`);
    }
    return value ?? '';
  }

  complain(): void {
    if (this.#problems.length > 0) {
      throw new ConfigurationError(this.#problems.join('; '));
    }
  }

  /** What is in the one variable, or whatever `file` makes of the path in the other. */
  textOrFile<T>(name: string, fileName: string, file: (path: string) => T): string | T {
    const [value, path] = [this.#value(name), this.#value(fileName)];
    if (value !== undefined && path !== undefined) {
      this.#problems.push(`${name} and ${fileName} are both set`);
    } else if (value === undefined && path === undefined) {
      this.#problems.push(`neither ${name} nor ${fileName} is set`);
    }
    return path === undefined ? (value ?? '') : file(path);
  }

  // An empty variable is none: that is what a template without a value leaves.
  #value(name: string): string | undefined {
    const value = this.#variables[name];
    return value === '' ? undefined : value;
  }
}
