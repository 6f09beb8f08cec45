import { schema, type Issue } from 'fairway/filter'
import { enforcementType, remoteFields } from '../enforcement-fields.ts'

const server = schema.string({
  minLength: 3,
  maxLength: 260,
  pattern: /[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?:[1-9][0-9]{0,4}/,
  describe: 'HOST:PORT',
})

const word = schema.string({ minLength: 1, maxLength: 128, pattern: /[\x21-\x7e]+/, describe: 'printable characters' })

const fields = schema.object({
  type: enforcementType('Redis'),
  mode: schema.documented(
    schema.withDefault(schema.oneOf(['Standalone', 'Cluster', 'Sentinel']), 'Standalone'),
    'What the servers are.',
  ),
  servers: schema.documented(
    schema.array(server, { minItems: 1, maxItems: 16 }),
    'HOST:PORT of the server, of some nodes of the cluster, or of the sentinels. The operator has to allow each by --filter-egress.',
  ),
  master: schema.documented(schema.optional(word), 'Sentinel: the name of the master that they watch.'),
  username: schema.documented(schema.optional(word), 'Of an ACL user.'),
  passwordVariable: schema.documented(
    schema.optional(
      schema.string({
        maxLength: 128,
        pattern: /FAIRWAY_REDIS_[A-Z0-9_]+/,
        describe: 'the name of a variable that begins with FAIRWAY_REDIS_',
      }),
    ),
    'The environment variable of the waypoint that has the password.',
  ),
  database: schema.documented(
    schema.withDefault(schema.integer({ min: 0, max: 1023 }), 0),
    'Its number; not of a Cluster.',
  ),
  tls: schema.documented(schema.withDefault(schema.boolean(), false), 'Whether the servers are spoken to over TLS.'),
  ...remoteFields,
})

/** Counting in Redis, which replicas share. */
export const redisConfig = schema.refine(fields, ({ mode, servers, master, database }, path) => {
  const found: Issue[] = []
  if (mode === 'Standalone' && servers.length > 1) {
    const expected = 'one server; mode: Cluster or Sentinel for several'
    found.push({ message: 'wrong number of items', path: `${path}.servers`, found: String(servers.length), expected })
  }
  if ((mode === 'Sentinel') !== (master !== undefined)) {
    const expected = mode === 'Sentinel' ? 'the name of the master' : 'nothing: it is for mode Sentinel'
    found.push({ message: 'wrong value', path: `${path}.master`, found: master ?? 'nothing', expected })
  }
  if (mode === 'Cluster' && database !== 0) {
    found.push({ message: 'wrong value', path: `${path}.database`, found: String(database), expected: '0' })
  }
  return found
})

export type RedisConfig = schema.ValueOf<typeof redisConfig>
