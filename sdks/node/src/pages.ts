/** A page of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  /** The `cursor` of the next page; nothing on the last one. */
  readonly nextCursor?: string | undefined;
}

/** Where in a list to begin, and how much to fetch at once. */
export interface PageOptions {
  /** How many items one request fetches, 1 to 100; 100 unless given. */
  readonly pageSize?: number;
  /** The `nextCursor` of an earlier page, to go on from there. */
  readonly cursor?: string;
}

/** A list that is fetched page by page while it is read: `for await (const item of list)`. */
export class List<T> implements AsyncIterable<T> {
  readonly #fetch: (page: { limit: number; cursor?: string }) => Promise<Page<T>>;
  readonly #options: PageOptions;

  constructor(fetch: (page: { limit: number; cursor?: string }) => Promise<Page<T>>, options: PageOptions) {
    this.#fetch = fetch;
    this.#options = options;
  }

  /** The first page alone. */
  page(): Promise<Page<T>> {
    return this.#page(this.#options.cursor);
  }

  /** Page by page. */
  async *pages(): AsyncGenerator<Page<T>, void, void> {
    let cursor = this.#options.cursor;
    do {
      const page = await this.#page(cursor);
      yield page;
      cursor = page.nextCursor;
    } while (cursor !== undefined);
  }

  /** All items, in memory. */
  async all(): Promise<T[]> {
    const items: T[] = [];
    for await (const page of this.pages()) {
      items.push(...page.items);
    }
    return items;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, void> {
    for await (const page of this.pages()) {
      yield* page.items;
    }
  }

  #page(cursor: string | undefined): Promise<Page<T>> {
    return this.#fetch({ limit: this.#options.pageSize ?? 100, ...(cursor !== undefined && { cursor }) });
  }
}
