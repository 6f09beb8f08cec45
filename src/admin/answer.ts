/** What a server beside the data path answers. */
export interface Answer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Whole, or piece by piece. */
  readonly body: string | AsyncIterable<string>
  /** Whether the connection ends with it. Default: no. */
  readonly isLast?: boolean
}

const jsonType = { 'content-type': 'application/json; charset=utf-8' }

/** A value as JSON. */
export const json = (value: unknown, status = 200, headers: Answer['headers'] = {}): Answer => ({
  status,
  headers: { ...jsonType, ...headers },
  body: JSON.stringify(value),
})

/** JSON that is written piece by piece. */
export const jsonInParts = (body: AsyncIterable<string>): Answer => ({ status: 200, headers: jsonType, body })
