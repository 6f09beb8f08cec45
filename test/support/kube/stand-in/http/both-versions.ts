/** What Node has in another way for HTTP/2 than for HTTP/1.1. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Http2ServerResponse } from 'node:http2'

/** Breaks the connection off that a response goes out on, with all that is under way there. */
export const hangUp = (response: ServerResponse): void => {
  // Whether it is one its type does not say.
  const either: unknown = response
  if (either instanceof Http2ServerResponse) either.stream.session?.destroy()
  else response.socket?.destroy()
}

/** The values of each field, as often as it stands there. */
export const distinctHeaders = ({ rawHeaders }: IncomingMessage): Readonly<Record<string, string[]>> => {
  const headers: Record<string, string[]> = {}
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const [name = '', value = ''] = rawHeaders.slice(i, i + 2)
    const key = name.toLowerCase()
    headers[key] = [...(headers[key] ?? []), value]
  }
  return headers
}
