/** Tells a person at a terminal what is being measured. */
export interface Progress {
  readonly show: (what: string) => void
  /** Takes the line away again. */
  readonly clear: () => void
}

/** One line that is overwritten; nothing at all when `stream` is no terminal. */
export const createProgress = (stream: NodeJS.WriteStream): Progress => {
  const write = (text: string): void => {
    if (stream.isTTY) stream.write(`\r\u001b[2K${text}`)
  }
  return { show: (what) => write(`measuring ${what} …`), clear: () => write('') }
}
