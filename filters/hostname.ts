import { schema } from 'fairway/filter'

/** PreciseHostname of the Gateway API: a lower-case DNS name, no wildcard, no address. */
export const preciseHostname = schema.refine(
  schema.string({
    minLength: 1,
    maxLength: 253,
    pattern: /[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/,
    describe: 'a lower-case DNS name',
  }),
  (found, path) =>
    /^[0-9]+(\.[0-9]+){3}$/.test(found)
      ? [{ message: 'is an IP address', path, found, expected: 'a lower-case DNS name' }]
      : [],
)

/** An authority without its port: `api.shop:8080` gives `api.shop`, `[fd00::1]:80` gives `[fd00::1]`. */
export const hostOf = (authority: string): string => authority.replace(/:[0-9]*$/, '')
