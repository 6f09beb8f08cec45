import { hash } from 'node:crypto'
import type { FilterDefinition, Reply } from 'fairway/filter'
import { apiKeyConfig, type ApiKeyConfig } from './config.ts'
import { createKeyReader } from './key-location.ts'

/** Longer keys are nobody's. */
const MAX_KEY_LENGTH = 4096

/** Knows clients by keys, of which it has only hashes. */
const apiKey: FilterDefinition<ApiKeyConfig> = {
  kind: 'ApiKey',
  stage: 'identify',
  config: apiKeyConfig,
  create: ({ from, credentials, clientHeader, forwardKey }, env) => {
    // Who looks a hash up learns from the time it takes nothing of a key.
    const clients = new Map(credentials.map((credential) => [credential.hash, credential.client]))
    const readers = from.map(createKeyReader)
    const header = clientHeader?.toLowerCase()
    const refuse = (reason: string): Reply =>
      env.reply(401, {
        headers: [['content-type', 'text/plain']],
        body: 'Client authentication failed.',
        reason,
      })
    const missing = refuse('missing_api_key')
    const unknown = refuse('unknown_api_key')
    return {
      onRequest: ({ request }) => {
        if (header !== undefined) request.headers.removeAlike(header)
        let key: string | undefined
        for (const { read } of readers) {
          key = read(request)
          if (key !== undefined && key !== '') break
        }
        if (key === undefined || key === '') return missing
        const client = key.length > MAX_KEY_LENGTH ? undefined : clients.get(`{SHA256}${hash('sha256', key, 'base64')}`)
        if (client === undefined) return unknown
        // Whatever the key stands in: what is answered to it is for this client alone.
        request.headers.noteCredentials()
        // In all places: what is not looked at may be a key nevertheless.
        if (!forwardKey) for (const { read, remove } of readers) if (read(request) !== undefined) remove(request)
        if (header !== undefined) request.headers.setLower(header, client)
        return undefined
      },
    }
  },
}

export default apiKey
