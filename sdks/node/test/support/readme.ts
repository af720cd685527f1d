/** A program of the README: its blocks, and what they are to print. */
export interface Program {
  /** The line of the README that it begins at. */
  readonly line: number;
  readonly asOperator: boolean;
  readonly code: string;
  readonly says: readonly RegExp[];
  /** Whether it goes on until it is ended, and answers requests meanwhile. */
  readonly serves: boolean;
}

/** The programs of a document: a block with an import begins one, those after it without one go on with it. */
export function programsOf(document: string): Program[] {
  const programs: { line: number; asOperator: boolean; code: string[]; says: RegExp[] }[] = [];
  let asOperator = false;
  let block: { line: number; code: string[] } | undefined;
  for (const [index, text] of document.split('\n').entries()) {
    const last = programs.at(-1);
    if (block !== undefined && text === '```') {
      if (block.code.some((line) => line.startsWith('import '))) {
        programs.push({ ...block, asOperator, says: [] });
      } else if (last !== undefined) {
        last.code.push(...block.code);
      } else {
        throw new Error(`README.md:${block.line}: a block that no program begins`);
      }
      asOperator = false;
      block = undefined;
    } else if (block !== undefined) {
      block.code.push(text);
    } else if (text === '```js') {
      block = { line: index + 2, code: [] };
    } else if (text === '<!-- as the operator -->') {
      asOperator = true;
    } else if (text.startsWith('<!-- says ')) {
      last?.says.push(new RegExp(/^<!-- says (.+) -->$/.exec(text)?.[1] ?? '(a note that is none)'));
    }
  }
  return programs.map(({ line, code, ...rest }) => {
    const whole = code.join('\n');
    return { line, code: `${whole}\n`, serves: whole.includes('.listen('), ...rest };
  });
}

/** The same program for CommonJS, where nothing waits outside of a function. */
export function asCommonJs(code: string): string {
  const imports = code.split('\n').filter((line) => line.startsWith('import '));
  const rest = code.split('\n').filter((line) => !line.startsWith('import '));
  return [...imports, 'void (async () => {', ...rest, '})();', ''].join('\n');
}
