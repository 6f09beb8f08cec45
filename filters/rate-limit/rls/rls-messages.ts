/** What is said to a rate limit service, and what it says (envoy.service.ratelimit.v3): the few fields that are used. */
import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire'

/** One limit of a request. */
export interface Descriptor {
  readonly entries: readonly (readonly [key: string, value: string])[]
  readonly hits: number
}

/** What the service says of one limit. */
export interface DescriptorStatus {
  readonly isOver: boolean
  /** `current_limit`; absent: it knows none. */
  readonly requests: number | undefined
  readonly remaining: number
  readonly resetMs: number
}

/** An answer; `statuses` in the order of the descriptors. */
export interface RlsAnswer {
  readonly isOver: boolean
  readonly statuses: readonly DescriptorStatus[]
}

const OVER_LIMIT = 2

/** RateLimitRequest. Hits stand once for all where they are the same: not every service knows them of a descriptor. */
export const encodeRequest = (domain: string, descriptors: readonly Descriptor[]): Uint8Array => {
  const writer = new BinaryWriter()
  writer.tag(1, 2).string(domain)
  const [first] = descriptors
  const isSame = first !== undefined && first.hits > 0 && descriptors.every(({ hits }) => hits === first.hits)
  for (const { entries, hits } of descriptors) {
    writer.tag(2, 2).fork()
    for (const [key, value] of entries) {
      writer.tag(1, 2).fork().tag(1, 2).string(key).tag(2, 2).string(value).join()
    }
    if (!isSame) writer.tag(3, 2).fork().tag(1, 0).uint64(hits).join()
    writer.join()
  }
  if (isSame) writer.tag(3, 0).uint32(first.hits)
  return writer.finish()
}

/** RateLimitResponse; throws on what is none. */
export const decodeResponse = (bytes: Uint8Array): RlsAnswer => {
  const reader = new BinaryReader(bytes)
  let isOver = false
  const statuses: DescriptorStatus[] = []
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag()
    if (field === 1) isOver = reader.int32() === OVER_LIMIT
    else if (field === 2) statuses.push(decodeStatus(reader.bytes()))
    else reader.skip(type)
  }
  return { isOver, statuses }
}

const decodeStatus = (bytes: Uint8Array): DescriptorStatus => {
  const reader = new BinaryReader(bytes)
  let [isOver, remaining, resetMs] = [false, 0, 0]
  let requests: number | undefined
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag()
    if (field === 1) isOver = reader.int32() === OVER_LIMIT
    else if (field === 2) requests = firstNumberOf(reader.bytes())
    else if (field === 3) remaining = reader.uint32()
    // Seconds of a Duration say enough.
    else if (field === 4) resetMs = 1000 * firstNumberOf(reader.bytes())
    else reader.skip(type)
  }
  return { isOver, requests, remaining, resetMs }
}

/** Field 1 of a message, where that is a number. */
const firstNumberOf = (bytes: Uint8Array): number => {
  const reader = new BinaryReader(bytes)
  let value = 0
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag()
    if (field === 1) value = Number(reader.int64())
    else reader.skip(type)
  }
  return value
}
