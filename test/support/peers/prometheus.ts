/** Debian's Prometheus as a scraper, and what it knows then. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { eventually } from '../../e2e/support/eventually.ts'
import { freePort, startPeer } from '../peer-process.ts'

/** What Prometheus is to do. */
export interface PrometheusOptions {
  /** An empty folder for its data. */
  readonly dir: string
  /** `HOST:PORT` of a metrics port. */
  readonly target: string
  /** What the target's series are labelled with. */
  readonly labels: Readonly<Record<string, string>>
  readonly ruleFiles?: readonly string[]
}

export interface Prometheus extends Disposable {
  /** The answer of a path of its API. */
  readonly ask: (path: string) => Promise<{ readonly data: unknown }>
  /** What an expression comes to now. */
  readonly query: (expression: string) => Promise<readonly unknown[]>
}

/** Starts one that scrapes each second and keeps exemplars. */
export const startPrometheus = async (options: PrometheusOptions): Promise<Prometheus> => {
  const { dir, target, labels, ruleFiles = [] } = options
  const file = join(dir, 'prometheus.yaml')
  const config = {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: ruleFiles,
    scrape_configs: [
      {
        job_name: 'waypoints',
        metrics_path: '/stats/prometheus',
        static_configs: [{ targets: [target], labels }],
      },
    ],
  }
  writeFileSync(file, stringify(config))
  const port = await freePort()
  const flags = [
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(dir, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--enable-feature=exemplar-storage',
  ]
  const peer = await startPeer('prometheus', flags, port)
  // It listens before it has looked at its data.
  await eventually('Prometheus that is ready', async () =>
    (await fetch(`http://127.0.0.1:${port}/-/ready`)).ok ? true : undefined,
  )
  const ask: Prometheus['ask'] = async (path) => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`)
    const text = await response.text()
    assert.equal(response.status, 200, text)
    return JSON.parse(text) as { readonly data: unknown }
  }
  return {
    ask,
    query: async (expression) => {
      const { data } = await ask(`query?query=${encodeURIComponent(expression)}`)
      return (data as { readonly result: readonly unknown[] }).result
    },
    [Symbol.dispose]: () => peer[Symbol.dispose](),
  }
}
