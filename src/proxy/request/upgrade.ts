import type { ExchangeRecord } from '../../filter/record.ts'
import type { H1RequestHead } from '../../http/h1/message.ts'
import { passedOn } from '../../http/h1/upgrade.ts'

/**
 * What a request asks to have spoken on its connection from its answer on (RFC 9110 section 7.8), WebSocket say;
 * `undefined` when it asks for nothing that could be passed on, or has a body, behind which nobody waits for the answer.
 */
export const upgradeOf = ({ upgrade, bodyLength }: H1RequestHead): string | undefined => {
  if (upgrade === undefined || bodyLength !== 0) return undefined
  return passedOn(upgrade)
}

/**
 * Whether silence of the client is a part of it, with an answer under way; of HTTP/1.1 hardly anybody can have one.
 */
export const isConversation = (
  { httpVersion, upgrade }: Pick<ExchangeRecord, 'httpVersion' | 'upgrade'>,
  { isBegun }: { readonly isBegun: boolean },
): boolean => isBegun && (httpVersion === 'HTTP/2' || upgrade !== undefined)
