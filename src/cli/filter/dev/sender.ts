import { usageError } from '../../arguments.ts'

/** A request that is sent again and again. */
export interface ScriptedRequest {
  readonly method: string
  readonly path: string
  readonly headers: readonly (readonly [name: string, value: string])[]
}

/** `--request '[METHOD] PATH'`, with what `--header` says. */
export const decodeRequest = (text: string, headers: readonly string[]): ScriptedRequest => {
  const [, method = 'GET', target] = /^(?:([A-Za-z]+) +)?(\/\S*)$/.exec(text) ?? []
  if (target === undefined) {
    throw usageError(`--request ${JSON.stringify(text)} is no request`, "write '/hello' or 'POST /hello'")
  }
  return { method: method.toUpperCase(), path: target, headers: headers.map(decodeHeader) }
}

const decodeHeader = (text: string): readonly [name: string, value: string] => {
  const colon = text.indexOf(':')
  if (colon <= 0) throw usageError(`--header ${JSON.stringify(text)} is not of the form 'NAME: VALUE'`)
  return [text.slice(0, colon).trim(), text.slice(colon + 1).trim()]
}

/** Sends the requests one after the other; whether each of them was answered, by whomever. */
export const sendRequests = async (port: number, requests: readonly ScriptedRequest[]): Promise<boolean> => {
  let isAnswered = true
  for (const { method, path, headers } of requests) {
    try {
      const init = { method, headers: headers.map(([name, value]): [string, string] => [name, value]) }
      await (await fetch(`http://127.0.0.1:${port}${path}`, init)).arrayBuffer()
    } catch {
      isAnswered = false
    }
  }
  return isAnswered
}
