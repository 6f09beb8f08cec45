import { isGrpcContentType } from '../is-grpc.ts'

const COLON = 0x3a

/**
 * The fields of gRPC without white space at the ends of their values; `undefined` where there is none, or this is no gRPC. HTTP/2
 * knows no such value (RFC 9113 section 8.2.1), gRPC does: that of metadata may be stripped, a message may even end with a
 * blank (gRPC over HTTP/2, `ASCII-Value`, `Percent-Encoded`), and libraries in C++ and Python send it.
 */
export const withoutGrpcBlanks = (fields: readonly string[]): string[] | undefined => {
  let stripped: string[] | undefined
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i]?.charCodeAt(0) === COLON) continue
    const value = fields[i + 1] ?? ''
    const rest = strip(value)
    if (rest.length < value.length) (stripped ??= [...fields])[i + 1] = rest
  }
  return stripped !== undefined && isOfGrpc(stripped) ? stripped : undefined
}

/** A head of a call, or the trailers of one. */
const isOfGrpc = (fields: readonly string[]): boolean => {
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i]
    if (name === 'grpc-status' || (name === 'content-type' && isGrpcContentType(fields[i + 1]))) return true
  }
  return false
}

/** Blanks and tabs only: what else is white space to `trim` is text, or none of our business. */
const strip = (value: string): string => {
  let start = 0
  let end = value.length
  while (start < end && isBlank(value.charCodeAt(start))) start++
  while (end > start && isBlank(value.charCodeAt(end - 1))) end--
  return end - start === value.length ? value : value.slice(start, end)
}

/** What HTTP/2 has at neither end of a value. */
export const isBlank = (code: number): boolean => code === 0x20 || code === 0x09
