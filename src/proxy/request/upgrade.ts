import type { ExchangeRecord } from '../../filter/record.ts'
import type { H1RequestHead } from '../../http/h1/message.ts'

/** Protocols that are spoken with the next hop and not through it, or by their preface (RFC 9113 section 3.1). */
const NOT_PASSED_ON = /^(?:h2c?|http|tls)(?:\/|$)/i

/**
 * What a request asks to have spoken on its connection from its answer on (RFC 9110 section 7.8), WebSocket say;
 * `undefined` when it asks for nothing that could be passed on, or has a body, behind which nobody waits for the answer.
 */
export const upgradeOf = ({ upgrade, bodyLength }: H1RequestHead): string | undefined => {
  if (upgrade === undefined || bodyLength !== 0) return undefined
  const wanted = upgrade
    .split(',')
    .map((protocol) => protocol.trim())
    .filter((protocol) => protocol !== '' && !NOT_PASSED_ON.test(protocol))
  return wanted.length === 0 ? undefined : wanted.join(', ')
}

/**
 * Whether silence of the client is a part of it, with an answer under way; of HTTP/1.1 hardly anybody can have one.
 */
export const isConversation = (
  { httpVersion, upgrade }: Pick<ExchangeRecord, 'httpVersion' | 'upgrade'>,
  { isBegun }: { readonly isBegun: boolean },
): boolean => isBegun && (httpVersion === 'HTTP/2' || upgrade !== undefined)
