import type { FastifyInstance } from 'fastify'
import type { AppOpenApi } from './app-config.ts'
import { renderOpenApi } from './render-open-api.ts'

/**
 * Adds the document of an App's routes, and a page for people if one is asked for. What makes the document is loaded here.
 * To be called before the routes are there.
 */
export const publishOpenApi = (
  app: FastifyInstance,
  { title, version, document, page }: AppOpenApi,
  prefix: string,
): void => {
  app.register(import('@fastify/swagger'), { openapi: { openapi: '3.1.0', info: { title, version } } })
  // It sees what is registered behind it.
  app.register(async (instance) => {
    instance.get(prefix + document, { schema: { hide: true } }, () => app.swagger())
    if (page === undefined) return
    let html: string | undefined
    instance.get(prefix + page, { schema: { hide: true } }, (_request, reply) => {
      html ??= renderOpenApi(app.swagger(), prefix + document)
      // It has no scripts, and nothing of others.
      return reply
        .type('text/html; charset=utf-8')
        .header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'")
        .send(html)
    })
  })
}
