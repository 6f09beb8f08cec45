/**
 * Keeps the code of users from hurting more than its own exchanges: each call of a hook is timed, its errors and its
 * results are judged, and a filter that fails too often is not called for a while. Built-in filters are not guarded.
 */
import type { FilterSpec, UserFilter } from '../../model/filter-spec.ts'
import type { Filter, FilterDefinition } from '../index.ts'
import { FilterHealth } from './filter-health.ts'
import { guardTrailers, guardTransform } from './calls/guard-body.ts'
import { guardServe } from './calls/guard-serve.ts'
import { guardCommand, guardComplete, guardHook, guardTunnel } from './calls/guard-hook.ts'
import type { Guarded, GuardHost } from './calls/guarded-call.ts'
import { formatFilterState } from './reading-conditions.ts'
import { enterHook, HOOK, SLOT, watchedHooks } from './hook-slots.ts'
import type { FilterReading, LastFailure } from './reading.ts'

/** What other processes have found out about a version of a filter. */
export interface QuarantineNotice {
  readonly id: string
  readonly version: string
  readonly failure: LastFailure
  /** Milliseconds since the epoch. */
  readonly untilMs: number
}

/** What of a definition a guard has to know. */
type GuardedDefinition = Pick<FilterDefinition, 'kind' | 'body'>

export interface FilterGuards {
  /** The filter with a guard before each of its hooks; one without `user` in its spec is nobody's but ours. */
  readonly guard: (filter: Filter, spec: FilterSpec, definition: GuardedDefinition) => Filter
  /** Says that the filter is being made, which its code may not return from; what it returns is called behind that. */
  readonly enterCreate: (user: UserFilter, kind: string) => () => void
  /** Whether another process has found out about it, and it is not to be called yet. */
  readonly isHeld: (user: UserFilter) => boolean
  readonly read: () => readonly FilterReading[]
  /** Why a filter is not simply called, for people; `undefined` when it is. */
  readonly explain: (user: UserFilter) => string | undefined
  /** The filters that are guarded, by their slots. */
  readonly healths: () => Iterable<FilterHealth>
  /** Takes note of what was found out elsewhere, of filters that are there and of those that come. */
  readonly hold: (notices: readonly QuarantineNotice[]) => void
}

const CREATE = watchedHooks.indexOf('create')

/** What guards need of a process. */
export interface GuardsHost extends GuardHost {
  /** Told before code of a filter is loaded and the filter made, so that somebody may watch. */
  readonly onCreate?: (health: FilterHealth) => void
}

/** Makes the guards of a process. */
export const createFilterGuards = (host: GuardsHost): FilterGuards => {
  const healths = new Map<string, FilterHealth>()
  const notices = new Map<string, QuarantineNotice>()

  /** Of versions that nobody has any more, when their quarantine has been over for long: there are only so many slots. */
  const forgetGone = (): void => {
    const nowMs = host.clock.nowMs()
    for (const [key, { untilMs }] of notices) if (untilMs <= nowMs) notices.delete(key)
    for (const health of healths.values()) {
      if (health.uses > 0 || !health.quarantine.isForgiven(host.clock.monotonicMs())) continue
      healths.delete(keyOf(health.user))
      host.slots.free(health.slot)
    }
  }

  const healthOf = (user: UserFilter, kind: string): FilterHealth => {
    const key = keyOf(user)
    const known = healths.get(key)
    if (known !== undefined) return known
    forgetGone()
    const health = new FilterHealth({ user, kind, slot: host.slots.take() }, host)
    const notice = notices.get(key)
    if (notice !== undefined) health.hold(notice.failure, notice.untilMs)
    healths.set(key, health)
    return health
  }

  /** What is quarantined stays so when it is detached and attached again. */
  const dropUnused = (health: FilterHealth): void => {
    if (health.uses > 0 || !health.quarantine.isActive) return
    healths.delete(keyOf(health.user))
    host.slots.free(health.slot)
  }

  const guard: FilterGuards['guard'] = (filter, spec, definition) => {
    if (spec.user === undefined) return filter
    const health = healthOf(spec.user, definition.kind)
    health.uses++
    const guarded = { health, host }
    const onClose = (): void => {
      health.uses--
      dropUnused(health)
    }
    return {
      ...guardHooks(filter, guarded),
      ...guardBodies(filter, definition, guarded),
      close: closeWith(filter, guarded, onClose),
    }
  }

  const enterCreate: FilterGuards['enterCreate'] = (user, kind) => {
    const health = healthOf(user, kind)
    const { cells } = host.slots
    const [outer, outerHook] = [cells[SLOT] ?? 0, cells[HOOK] ?? 0]
    host.onCreate?.(health)
    enterHook(cells, health.slot, CREATE)
    return () => {
      cells[SLOT] = outer
      cells[HOOK] = outerHook
      dropUnused(health)
    }
  }

  return {
    guard,
    enterCreate,
    isHeld: (user) => (notices.get(keyOf(user))?.untilMs ?? 0) > host.clock.nowMs(),
    explain: (user) => {
      const health = healths.get(keyOf(user))
      return health === undefined || health.quarantine.isActive ? undefined : formatFilterState(health.read())
    },
    read: () => Array.from(inUse(healths), (health) => health.read()),
    healths: () => inUse(healths),
    hold: (found) => {
      for (const notice of found) {
        notices.set(keyOf(notice), notice)
        healths.get(keyOf(notice))?.hold(notice.failure, notice.untilMs)
      }
    },
  }
}

const keyOf = ({ id, version }: Pick<UserFilter, 'id' | 'version'>): string => `${id} ${version}`

const inUse = (healths: ReadonlyMap<string, FilterHealth>): readonly FilterHealth[] =>
  [...healths.values()].filter(({ uses }) => uses > 0)

const closeWith =
  (filter: Filter, { health, host }: Guarded, onClose: () => void): (() => void) =>
  () => {
    const { cells } = host.slots
    enterHook(cells, health.slot, watchedHooks.indexOf('close'))
    try {
      filter.close?.()
    } finally {
      cells[SLOT] = 0
      onClose()
    }
  }

const guardHooks = (filter: Filter, guarded: Guarded): Filter => {
  const { onRequest, onResponse, onComplete, onTunnel, onCommand, serve } = filter
  return {
    ...(onRequest === undefined ? {} : { onRequest: guardHook(onRequest.bind(filter), 'onRequest', guarded) }),
    ...(onResponse === undefined ? {} : { onResponse: guardHook(onResponse.bind(filter), 'onResponse', guarded) }),
    ...(onComplete === undefined ? {} : { onComplete: guardComplete(onComplete.bind(filter), guarded) }),
    ...(onCommand === undefined ? {} : { onCommand: guardCommand(onCommand.bind(filter), guarded) }),
    ...(onTunnel === undefined ? {} : { onTunnel: guardTunnel(onTunnel.bind(filter), guarded) }),
    ...(serve === undefined ? {} : { serve: guardServe(serve.bind(filter), guarded) }),
  }
}

const guardBodies = (filter: Filter, { body }: GuardedDefinition, guarded: Guarded): Filter => {
  const { transformRequest: request, transformResponse: response, onRequestTrailers, onResponseTrailers } = filter
  return {
    ...(request === undefined
      ? {}
      : {
          transformRequest: guardTransform(
            request.bind(filter),
            { hook: 'transformRequest', mode: body?.request },
            guarded,
          ),
        }),
    ...(response === undefined
      ? {}
      : {
          transformResponse: guardTransform(
            response.bind(filter),
            { hook: 'transformResponse', mode: body?.response },
            guarded,
          ),
        }),
    ...(onRequestTrailers === undefined
      ? {}
      : { onRequestTrailers: guardTrailers(onRequestTrailers.bind(filter), 'onRequestTrailers', guarded) }),
    ...(onResponseTrailers === undefined
      ? {}
      : { onResponseTrailers: guardTrailers(onResponseTrailers.bind(filter), 'onResponseTrailers', guarded) }),
  }
}
