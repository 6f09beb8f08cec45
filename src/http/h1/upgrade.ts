/** Protocols that are spoken with the next hop and not through it, or by their preface (RFC 9113 section 3.1). */
const NOT_PASSED_ON = /^(?:h2c?|http|tls)(?:\/|$)/i

/** Those of an Upgrade field that may be asked of the next hop too, with `, ` between; `undefined`: none of them. */
export const passedOn = (upgrade: string): string | undefined => {
  const wanted = upgrade
    .split(',')
    .map((protocol) => protocol.trim())
    .filter((protocol) => protocol !== '' && !NOT_PASSED_ON.test(protocol))
  return wanted.length === 0 ? undefined : wanted.join(', ')
}
