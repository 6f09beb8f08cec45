import { clusterDomainFlag } from '../cluster-domain-flag.ts'
import { accessFlags } from '../cluster/access-flags.ts'
import type { FlagTable } from '../flag-table.ts'
import { istioNamespaceFlag } from '../istio-namespace-flag.ts'
import { levels } from './check.ts'

/** What `-o` takes. */
export const doctorFormats = ['table', 'short', 'json', 'yaml'] as const
/** Of `fairway doctor`. */
export const doctorFlags = {
  namespace: {
    type: 'string',
    short: 'n',
    multiple: true,
    value: 'NAMESPACE',
    help: 'only what is in it, beside what all share; repeatable; default all',
  },
  'all-namespaces': { type: 'boolean', short: 'A', help: 'all namespaces, as without -n' },
  output: {
    type: 'string',
    short: 'o',
    default: 'table',
    value: 'FORMAT',
    choices: doctorFormats,
    help: `${doctorFormats.join(', ')}; default table`,
  },
  'failure-threshold': {
    type: 'string',
    default: 'warning',
    value: 'LEVEL',
    choices: levels,
    help: `from which level on the exit code is 79: ${levels.join(', ')}; default warning`,
  },
  suppress: {
    type: 'string',
    multiple: true,
    value: 'CODE[=OBJECT]',
    help: 'leave findings out: FW0705, FW0601=Namespace/shop, FW0804=HTTPRoute/shop/*; repeatable',
  },
  wait: { type: 'boolean', help: 'look again until nothing is found at that level' },
  'wait-timeout': {
    type: 'string',
    default: '5m',
    value: 'DURATION',
    help: 'with --wait: give up then, with exit code 124; default 5m',
  },
  explain: { type: 'string', value: 'CODE', help: 'say what a code means, without asking a cluster' },
  ...istioNamespaceFlag,
  ...clusterDomainFlag,
  ...accessFlags,
} as const satisfies FlagTable
