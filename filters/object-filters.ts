/**
 * Built-in filters with objects of their own (group fairway.dev): the kind is that of the definition, `spec` its
 * configuration and `targetRefs`; rules refer to them by an ExtensionRef. An entry here is all that such a kind needs. Its
 * code is loaded late, so only `LateDefinition` may know it.
 */
import type { FilterDefinition } from 'fairway/filter'
import { LateDefinition } from './late-definition.ts'

export interface ObjectFilter {
  readonly definition: FilterDefinition
  /** Of the kind, as the Kubernetes API spells it: `ratelimits`. */
  readonly plural: string
  /** What the kind is for, one or two sentences. */
  readonly description: string
}

export const objectFilters: readonly ObjectFilter[] = [
  {
    definition: new LateDefinition('ApiKey'),
    plural: 'apikeys',
    description: 'Knows clients by keys, which stand in Secrets, or as hashes in the object.',
  },
  {
    definition: new LateDefinition('BasicAuth'),
    plural: 'basicauths',
    description: 'Knows users by name and password, whose hashes stand in Secrets or in the object.',
  },
  {
    definition: new LateDefinition('BodyTransform'),
    plural: 'bodytransforms',
    description: 'Removes, renames and sets fields of bodies that are JSON.',
  },
  {
    definition: new LateDefinition('Compression'),
    plural: 'compressions',
    description: 'Compresses the bodies of responses for clients that accept it: zstd, brotli or gzip.',
  },
  {
    definition: new LateDefinition('ConcurrencyLimit'),
    plural: 'concurrencylimits',
    description: 'Bounds how many requests are under way at once, by a number or by what the Service bears.',
  },
  {
    definition: new LateDefinition('Csrf'),
    plural: 'csrfs',
    description: 'Refuses requests that pages of other origins make in the name of who looks at them.',
  },
  {
    definition: new LateDefinition('DirectResponse'),
    plural: 'directresponses',
    description: 'Answers requests with a fixed response, without a backend.',
  },
  {
    definition: new LateDefinition('FaultInjection'),
    plural: 'faultinjections',
    description: 'Lets a share of the requests come to harm: delays, aborts, resets, slow bodies; until a time.',
  },
  {
    definition: new LateDefinition('HeaderTransform'),
    plural: 'headertransforms',
    description: 'Writes headers from what is known of the caller, its token and the message.',
  },
  {
    definition: new LateDefinition('IpAccess'),
    plural: 'ipaccesses',
    description: 'Lets clients call by their address.',
  },
  {
    definition: new LateDefinition('RateLimit'),
    plural: 'ratelimits',
    description: 'How many requests may pass in how long, counted apart by who calls or by what is asked for.',
  },
  {
    definition: new LateDefinition('RequestSizeLimit'),
    plural: 'requestsizelimits',
    description: 'Refuses requests whose body, header fields or target are too large.',
  },
  {
    definition: new LateDefinition('ResponseCache'),
    plural: 'responsecaches',
    description: 'Keeps responses and answers with them, as RFC 9111 has it for shared caches.',
  },
]
