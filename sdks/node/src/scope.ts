/** Capabilities, as a list or separated by spaces. */
export type Scope = string | readonly string[];

export function wordsOf(scope: Scope | undefined): string[] {
  const words = typeof scope === 'string' ? scope.split(' ') : [...(scope ?? [])];
  return words.filter((word) => word !== '');
}
