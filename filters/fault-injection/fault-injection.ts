import type { BodyTransform, Exchange, Filter, FilterDefinition, FilterEnv, Reply, RequestView } from 'fairway/filter'
import { createRequestMatcher } from '../matching/request-match.ts'
import { faultConfig, type FaultConfig } from './config.ts'

/** Delays, aborts, resets and slows down a share of the requests, until a time (Envoy's fault filter: flags DI and FI). */
const faultInjection: FilterDefinition<FaultConfig> = {
  kind: 'FaultInjection',
  stage: 'shape',
  body: { response: 'stream' },
  config: faultConfig,
  create: (config, env) => {
    const isMeant = createRequestMatcher(config.when)
    const { until = Infinity, bandwidth } = config
    const isOn = (exchange: Exchange): boolean =>
      (until === Infinity || env.now() < until) && (isMeant === undefined || isMeant(exchange))
    return { ...createRequestHooks(config, env, isOn), ...createDrip(bandwidth, env, isOn) }
  },
}

type IsOn = (exchange: Exchange) => boolean

const createRequestHooks = (config: FaultConfig, env: FilterEnv, isOn: IsOn): Filter => {
  const { delay } = config
  const replyOf = createFaultReply(config, env)
  if (delay === undefined) {
    if ((config.abort ?? config.reset) === undefined) return {}
    return { onRequest: (exchange) => (isOn(exchange) ? replyOf() : undefined) }
  }
  const delayed = new WeakSet<RequestView>()
  return {
    onRequest: (exchange) => {
      if (!isOn(exchange)) return undefined
      if (!draw(env, delay.percent)) return replyOf()
      delayed.add(exchange.request)
      // What comes of it is drawn now: it was on when the request came.
      const reply = replyOf()
      return new Promise((resolve) => void env.after(delay.fixed, () => resolve(reply)))
    },
    onComplete: (record, { request }) => {
      if (delayed.has(request)) record.flags = record.flags === '-' ? 'DI' : `DI,${record.flags}`
    },
  }
}

/** A reset comes before an abort. */
const createFaultReply = ({ abort, reset }: FaultConfig, env: FilterEnv): (() => Reply | undefined) => {
  const { httpStatus = 503, grpcStatus } = abort ?? {}
  const cut = env.reply(503, { isReset: true, reason: 'fault_filter_reset', flags: 'FI' })
  const refusal = env.reply(httpStatus, {
    body: 'fault filter abort\n',
    headers: [['content-type', 'text/plain']],
    reason: 'fault_filter_abort',
    flags: 'FI',
    ...(grpcStatus === undefined ? {} : { grpcStatus }),
  })
  return () => {
    if (reset !== undefined && draw(env, reset.percent)) return cut
    return abort !== undefined && draw(env, abort.percent) ? refusal : undefined
  }
}

const createDrip = (bandwidth: FaultConfig['bandwidth'], env: FilterEnv, isOn: IsOn): Filter => {
  if (bandwidth === undefined) return {}
  const { bytesPerSecond, percent } = bandwidth
  return {
    transformResponse: (exchange) => (isOn(exchange) && draw(env, percent) ? dripAt(bytesPerSecond, env) : undefined),
  }
}

/** Each piece goes out when a line of that speed would have brought its last byte. */
const dripAt = (bytesPerSecond: number, env: FilterEnv): BodyTransform => {
  let freeAtMs = env.now()
  return (bytes) => {
    if (bytes.length === 0) return undefined
    freeAtMs = Math.max(freeAtMs, env.now()) + (bytes.length / bytesPerSecond) * 1000
    return new Promise((resolve) => void env.after(freeAtMs - env.now(), resolve))
  }
}

const draw = ({ random }: FilterEnv, percent: number): boolean => percent >= 100 || random() * 100 < percent

export default faultInjection
