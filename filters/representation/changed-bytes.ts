import type { HeaderList } from 'fairway/filter'

/** Parts and checksums of what was sent are none of what goes on. */
const OF_THE_BYTES = ['accept-ranges', 'content-md5', 'content-digest', 'repr-digest', 'digest']

/** What the head of a message said of the bytes of its body, which are others now. */
export const forgetBytes = (headers: HeaderList): void => {
  for (const name of OF_THE_BYTES) headers.remove(name)
}

/** What is the same after a change is so in meaning only, not byte by byte (RFC 9110 section 8.8.1). */
export const weakenTag = (headers: HeaderList): void => {
  const tag = headers.get('etag')
  if (tag !== undefined && tag.startsWith('"')) headers.set('etag', `W/${tag}`)
}
