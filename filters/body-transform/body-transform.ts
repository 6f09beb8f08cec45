import type { BodyTransform, Exchange, Filter, FilterDefinition, FilterEnv, HeaderList, Reply } from 'fairway/filter'
import { forgetBytes, weakenTag } from '../representation/changed-bytes.ts'
import { createTypeMatcher, mediaTypeOf } from '../representation/media-range.ts'
import { compileChanges } from './change-json.ts'
import { bodyTransformConfig, MOST_BYTES, type BodyTransformConfig } from './config.ts'
import { readJson } from './json-text.ts'

/** Removes, renames and sets fields of bodies that are JSON. */
const bodyTransform: FilterDefinition<BodyTransformConfig> = {
  kind: 'BodyTransform',
  stage: 'shape',
  body: { request: 'buffer', response: 'buffer', limitBytes: MOST_BYTES },
  config: bodyTransformConfig,
  create: ({ request, response }, env) => {
    const onRequest = request === undefined ? undefined : createRequestHooks(request, env)
    const onResponse = response === undefined ? undefined : createResponseHooks(response, env)
    return {
      onRequest: (exchange) => {
        // What is compressed, or a part, could not be read.
        if (onResponse !== undefined) for (const name of UNREADABLE) exchange.request.headers.remove(name)
        return onRequest?.onRequest(exchange)
      },
      ...(onRequest === undefined ? {} : { transformRequest: onRequest.transformRequest }),
      ...onResponse,
    }
  },
}

const UNREADABLE = ['accept-encoding', 'range', 'if-range']

const createRequestHooks = (changes: NonNullable<BodyTransformConfig['request']>, env: FilterEnv) => {
  const isJson = createTypeMatcher(changes.contentTypes)
  const { limitBytes, otherTypes } = changes
  const refuse = createRefusals(env, { unreadable: 400, tooLarge: 413, side: 'request' })
  const otherType = env.reply(415, { body: 'unsupported media type\n', reason: 'body_transform_other_type' })
  const encoded = env.reply(415, {
    headers: [['accept-encoding', 'identity']],
    body: 'unsupported content encoding\n',
    reason: 'body_transform_encoded',
  })
  const change = createChange(changes, env, refuse)
  const refusalOf = (headers: HeaderList): Reply | 'unread' | undefined => {
    if (!isJson(mediaTypeOf(headers.get('content-type')))) return otherTypes === 'Refuse' ? otherType : 'unread'
    if (isEncoded(headers)) return encoded
    return Number(headers.get('content-length') ?? 0) > limitBytes ? refuse.tooLarge : undefined
  }
  return {
    onRequest: ({ request: { headers } }: Exchange): Reply | undefined => {
      // Of others it is not known yet whether they have a body.
      if ((headers.get('content-length') ?? '0') === '0') return undefined
      const refusal = refusalOf(headers)
      return refusal === 'unread' ? undefined : refusal
    },
    transformRequest: (exchange: Exchange): BodyTransform | void => {
      const { headers } = exchange.request
      const refusal = refusalOf(headers)
      if (refusal === 'unread') return undefined
      if (refusal !== undefined) return () => refusal
      forgetBytes(headers)
      return change(exchange)
    },
  }
}

const createResponseHooks = (changes: NonNullable<BodyTransformConfig['response']>, env: FilterEnv): Filter => {
  const isJson = createTypeMatcher(changes.contentTypes)
  const refuse = createRefusals(env, { unreadable: 502, tooLarge: 502, side: 'response' })
  const change = createChange(changes, env, refuse)
  return {
    transformResponse: (exchange) => {
      const { response } = exchange
      if (response === undefined || !isJson(mediaTypeOf(response.headers.get('content-type')))) return undefined
      if (isEncoded(response.headers)) return () => refuse.unreadable
      weakenTag(response.headers)
      forgetBytes(response.headers)
      return change(exchange)
    },
  }
}

interface Refusals {
  readonly unreadable: Reply
  readonly unfit: Reply
  readonly tooLarge: Reply
}

const createRefusals = (
  { reply }: FilterEnv,
  statuses: { readonly unreadable: number; readonly tooLarge: number; readonly side: 'request' | 'response' },
): Refusals => {
  const { unreadable, tooLarge, side } = statuses
  return {
    unreadable: reply(unreadable, { body: `the ${side} is no JSON\n`, reason: 'body_transform_unreadable' }),
    unfit: reply(unreadable, { body: `the ${side} is of another form\n`, reason: 'body_transform_unfit' }),
    tooLarge: reply(tooLarge, {
      body: `the ${side} is too large\n`,
      reason: `${side}_payload_too_large{BodyTransform}`,
    }),
  }
}

const createChange = (
  changes: NonNullable<BodyTransformConfig['response']>,
  env: FilterEnv,
  refuse: Refusals,
): ((exchange: Exchange) => BodyTransform) => {
  const apply = compileChanges(changes)
  return (exchange) => (bytes) => {
    if (bytes.length === 0) return undefined
    if (bytes.length > changes.limitBytes) return refuse.tooLarge
    try {
      const root = readJson(bytes)
      return apply(root, exchange) ? JSON.stringify(root) : refuse.unfit
    } catch (error) {
      // No JSON, or nested too deeply to be written again.
      env.log('debug', `BodyTransform: a body could not be changed: ${String(error)}`)
      return refuse.unreadable
    }
  }
}

const isEncoded = (headers: HeaderList): boolean => {
  const coding = headers.get('content-encoding')
  return coding !== undefined && coding.toLowerCase() !== 'identity'
}

export default bodyTransform
