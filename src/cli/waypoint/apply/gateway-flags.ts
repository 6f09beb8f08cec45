/** The flags that say what a waypoint is to be: istioctl's, for `apply` and `generate`. */
import { decodeChoice, type FlagValues } from '../../arguments.ts'
import type { FlagTable } from '../../flag-table.ts'
import { OWN_CLASS } from '../live/gateway-api.ts'
import { decodeGatewayName, decodeLabelValue, trafficTypes, type GatewayWish } from './gateway-manifest.ts'

export const gatewayFlags = {
  name: { type: 'string', default: 'waypoint', value: 'NAME', help: 'of the Gateway; default waypoint' },
  for: {
    type: 'string',
    value: trafficTypes.join('|'),
    help: 'what it takes (label istio.io/waypoint-for); default: as its class says, else service',
  },
  revision: {
    type: 'string',
    short: 'r',
    value: 'REV',
    help: 'of the istiod that it asks for certificates (label istio.io/rev)',
  },
  class: { type: 'string', default: OWN_CLASS, value: 'NAME', help: `its GatewayClass; default ${OWN_CLASS}` },
} as const satisfies FlagTable

/** What they come to; throws `CliError` (64) for what cannot be. */
export const decodeGatewayFlags = (flags: FlagValues<typeof gatewayFlags>): Omit<GatewayWish, 'namespace'> => ({
  name: decodeGatewayName('name', flags.name === '' ? 'waypoint' : flags.name),
  className: decodeGatewayName('class', flags.class),
  trafficType: flags.for === undefined ? undefined : decodeChoice('for', flags.for, trafficTypes),
  revision: flags.revision === undefined ? undefined : decodeLabelValue('revision', flags.revision),
})
