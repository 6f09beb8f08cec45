import { isInCidr, parseCidr, parseIp, schema } from 'fairway/filter'
import type { Exchange, FilterDefinition, Source } from 'fairway/filter'

const range = schema.refine(
  schema.string({ minLength: 2, maxLength: 49, pattern: /[0-9A-Fa-f.:]+(?:\/[0-9]{1,3})?/, describe: form() }),
  (text, path) =>
    parseCidr(text) === undefined ? [{ message: 'no range of addresses', path, found: text, expected: form() }] : [],
)

function form(): string {
  return 'an address, or a range: 10.0.0.0/8, fd00::/8'
}

const ranges = schema.withDefault(schema.array(range, { maxItems: 1024 }), [])

const config = schema.refine(
  schema.object({
    allow: schema.documented(ranges, 'Who may call, beside whom deny names. Left out: everybody.'),
    deny: schema.documented(ranges, 'Who may not call, whatever allow says.'),
    trustedHops: schema.documented(
      schema.withDefault(schema.integer({ min: 0, max: 32 }), 0),
      'How many proxies before us have each added an address to X-Forwarded-For: that many from its end stands the client. 0: the client is who calls us.',
    ),
  }),
  ({ allow, deny }, path) =>
    allow.length + deny.length === 0
      ? [{ message: 'nobody is named', path, found: 'nothing', expected: 'allow or deny' }]
      : [],
)

type IpAccessConfig = schema.ValueOf<typeof config>

/** Clients that are remembered; then it begins anew. */
const MAX_KNOWN = 4096

/** Lets clients call by their address (Envoy's RBAC with `remote_ip` and `direct_remote_ip`). */
const ipAccess: FilterDefinition<IpAccessConfig> = {
  kind: 'IpAccess',
  stage: 'preflight',
  config,
  create: ({ trustedHops, ...lists }, env) => {
    const isAllowed = createJudge(lists)
    const refusal = env.reply(403, {
      headers: [['content-type', 'text/plain']],
      body: 'this address may not call\n',
      reason: 'ip_not_allowed',
    })
    const bySource = new WeakMap<Source, boolean>()
    const judgeSource = (source: Source): boolean => {
      const known = bySource.get(source)
      if (known !== undefined) return known
      const verdict = isAllowed(source.address)
      bySource.set(source, verdict)
      return verdict
    }
    const judge =
      trustedHops === 0
        ? ({ source }: Exchange): boolean => judgeSource(source)
        : createForwardedJudge(trustedHops, isAllowed)
    return {
      onRequest: (exchange) => (judge(exchange) ? undefined : refusal),
      // Of a connection nobody knows more than who opened it.
      onTunnel: ({ source }) => (trustedHops === 0 && judgeSource(source) ? undefined : refusal),
    }
  },
}

type Judge = (address: string) => boolean

/** What is no address is nobody's, and not allowed. */
const createJudge = ({ allow, deny }: Pick<IpAccessConfig, 'allow' | 'deny'>): Judge => {
  const allowed = allow.map(parseCidr).filter((one) => one !== undefined)
  const denied = deny.map(parseCidr).filter((one) => one !== undefined)
  return (address) => {
    const ip = parseIp(address)
    if (ip === undefined || denied.some((one) => isInCidr(ip, one))) return false
    return allowed.length === 0 || allowed.some((one) => isInCidr(ip, one))
  }
}

const createForwardedJudge = (hops: number, isAllowed: Judge): ((exchange: Exchange) => boolean) => {
  const known = new Map<string, boolean>()
  return ({ request }) => {
    const address = addressFromEnd(request.headers.getLower('x-forwarded-for') ?? '', hops)
    const before = known.get(address)
    if (before !== undefined) return before
    const verdict = isAllowed(address)
    if (known.size >= MAX_KNOWN) known.clear()
    // A key as long as a client likes would make the memory as large as it likes.
    if (address.length <= 64) known.set(address, verdict)
    return verdict
  }
}

/** The address so many from the end of a list; nothing when the list is shorter. */
const addressFromEnd = (list: string, hops: number): string => {
  let end = list.length
  for (let i = 1; ; i++) {
    const comma = end <= 0 ? -1 : list.lastIndexOf(',', end - 1)
    if (i === hops) return list.slice(comma + 1, end).trim()
    if (comma === -1) return ''
    end = comma
  }
}

export default ipAccess
