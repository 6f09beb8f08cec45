/** One operation: `run` does it `times` times, and everything it needs has been made before. */
export interface Operation {
  readonly name: string
  readonly run: (times: number) => void
}
