/** Why nothing was installed or removed. The lines may be shown to an operator. */
export class InstallRefusal extends Error {
  override readonly name = 'InstallRefusal';
  readonly lines: readonly string[];
  constructor(reason: string, lines: readonly string[] = []) {
    super([reason, ...lines.map((line) => `  ${line}`)].join('\n'));
    this.lines = lines;
  }
}
