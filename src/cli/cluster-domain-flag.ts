/** The flag that says how names of Services end. */
import { usageError, type FlagTable } from './arguments.ts'

export const clusterDomainFlag = {
  'cluster-domain': {
    type: 'string',
    default: 'cluster.local',
    value: 'DOMAIN',
    help: 'of service host names; default cluster.local',
  },
} as const satisfies FlagTable

/** RFC 1123, section 2.1, in lower case as Kubernetes writes it: what is asked for is compared with names that are made of it. */
const dnsName = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/

/** Throws `CliError` (64) for what is no DNS name: no Service would have the name that its clients ask for. */
export const decodeClusterDomain = (domain: string): string => {
  if (dnsName.test(domain)) return domain
  const plain = domain.toLowerCase().replace(/^\.|\.$/g, '')
  throw usageError(
    `--cluster-domain ${JSON.stringify(domain)} is no DNS name: lower-case letters, digits and "-" in parts of at most 63, joined by dots`,
    dnsName.test(plain) ? `did you mean ${plain}?` : undefined,
  )
}
