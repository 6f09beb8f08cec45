import * as s from '../../../lib/schema.ts'

/** An entry of a route's `hostnames`: `a.example.com` or `*.example.com`. */
export const hostname = s.refine(
  s.string({
    maxLength: 253,
    pattern: /(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/,
    describe: 'a lower-case DNS name, which may begin with *.',
  }),
  (found, path) =>
    /^[0-9]+(\.[0-9]+){3}$/.test(found)
      ? [{ message: 'is an IP address', path, found, expected: 'a lower-case DNS name' }]
      : [],
)
