/** The one list of filters that come with Fairway; each is written against the public contract only. */
import type { FilterDefinition } from 'fairway/filter'
import cors from './cors/cors.ts'
import { objectFilters } from './object-filters.ts'
import requestHeaderModifier from './request-header-modifier/request-header-modifier.ts'
import requestRedirect from './request-redirect/request-redirect.ts'
import responseHeaderModifier from './response-header-modifier/response-header-modifier.ts'
import urlRewrite from './url-rewrite/url-rewrite.ts'

export const builtinFilters: readonly FilterDefinition[] = [
  cors,
  requestHeaderModifier,
  responseHeaderModifier,
  requestRedirect,
  urlRewrite,
  ...objectFilters.map(({ definition }) => definition),
]
