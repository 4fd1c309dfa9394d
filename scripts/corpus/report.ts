/** Progress for people; what programs read goes to stdout. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
