/** A message as a careless next hop would see it. */
export interface LenientMessage {
  readonly firstLine: string
  readonly fields: readonly (readonly [name: string, value: string])[]
  readonly body: string
}

/**
 * Reads messages as forgivingly as any server ever did: lines end with LF, blanks around names do not matter, folded
 * lines go on, any mention of `chunked` counts, the last Content-Length wins and is read like C does. What we write must
 * say the same to this reader as to a strict one, else somebody can smuggle. `undefined` when it is not whole messages.
 */
export function readLeniently(bytes: string, hasBody: (firstLine: string) => boolean): LenientMessage[] | undefined {
  const messages: LenientMessage[] = []
  for (let at = 0; /[^\r\n]/.test(bytes.slice(at));) {
    const head = readHead(bytes, at)
    if (head === undefined) return undefined
    const body = hasBody(head.firstLine) ? readBody(bytes, head.end, head.fields) : { text: '', end: head.end }
    if (body === undefined) return undefined
    messages.push({ firstLine: head.firstLine, fields: head.fields, body: body.text })
    at = body.end
  }
  return messages
}

function readHead(bytes: string, start: number) {
  const fields: [string, string][] = []
  let firstLine: string | undefined
  for (let at = start; ;) {
    const stop = bytes.indexOf('\n', at)
    if (stop === -1) return undefined
    const line = bytes.slice(at, stop).replace(/\r+$/, '')
    at = stop + 1
    if (firstLine === undefined) {
      if (line !== '') firstLine = line
      continue
    }
    if (line === '') return { firstLine, fields, end: at }
    const last = fields.at(-1)
    if (/^[ \t]/.test(line) && last !== undefined) {
      last[1] += line
      continue
    }
    const colon = line.indexOf(':')
    const name = colon === -1 ? line : line.slice(0, colon)
    fields.push([name.trim().toLowerCase(), colon === -1 ? '' : line.slice(colon + 1).trim()])
  }
}

function readBody(bytes: string, start: number, fields: readonly (readonly [string, string])[]) {
  if (fields.some(([name, value]) => name === 'transfer-encoding' && /chunked/i.test(value)))
    return readChunks(bytes, start)
  const announced = fields.findLast(([name]) => name === 'content-length')?.[1]
  const length = announced === undefined ? 0 : Number.parseInt(announced, announced.startsWith('0') ? 8 : 10)
  if (Number.isNaN(length) || start + length > bytes.length) return undefined
  return { text: bytes.slice(start, start + length), end: start + length }
}

function readChunks(bytes: string, start: number) {
  let text = ''
  for (let at = start; ;) {
    const stop = bytes.indexOf('\n', at)
    if (stop === -1) return undefined
    const size = Number.parseInt(bytes.slice(at, stop), 16)
    if (Number.isNaN(size)) return undefined
    at = stop + 1
    if (size === 0) {
      const trailers = readHead(`x\n${bytes.slice(at)}`, 0)
      return trailers === undefined ? undefined : { text, end: at + trailers.end - 2 }
    }
    if (at + size >= bytes.length) return undefined
    text += bytes.slice(at, at + size)
    const end = bytes.indexOf('\n', at + size)
    if (end === -1) return undefined
    at = end + 1
  }
}
