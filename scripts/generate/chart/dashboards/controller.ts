/** The dashboard of the controller. */
import { rate, sumRate, type Dashboard } from './panel.ts'

const at = 'namespace=~"$namespace"'
const of = (metric: string): string => `${metric}{${at}}`
const own = `pod=~".*",${at}`

/** Who leads, what was written, and what could not be done. */
export const controller: Dashboard = {
  uid: 'fairway-controller',
  title: 'Fairway / Controller',
  about: 'Whether Gateways become waypoints, and what is in the way.',
  choices: [{ name: 'namespace', title: 'Namespace', query: 'label_values(fairway_controller_leader, namespace)' }],
  rows: [
    {
      title: 'At a glance',
      panels: [
        {
          kind: 'stat',
          title: 'Leaders',
          about: 'One, but for the moment of a change.',
          unit: 'none',
          lines: [['', `sum(${of('fairway_controller_leader')})`]],
          limits: { amber: 1, red: 1, isBelow: true },
        },
        {
          kind: 'stat',
          title: 'Gateways',
          about: 'Of our classes.',
          unit: 'none',
          lines: [['', `sum(${of('fairway_controller_gateways')})`]],
        },
        {
          kind: 'stat',
          title: 'Not programmed',
          about: 'Gateways without a replica that is ready. kubectl get gateways -A shows which.',
          unit: 'none',
          lines: [
            ['', `sum(${of('fairway_controller_gateways')}) - sum(${of('fairway_controller_gateways_programmed')})`],
          ],
          limits: { amber: 1, red: 1 },
        },
        {
          kind: 'stat',
          title: 'Not seen',
          about: 'What of the cluster cannot be read: rights or kinds that are missing. The log says which.',
          unit: 'none',
          lines: [['', `sum(${of('fairway_controller_troubles')})`]],
          limits: { amber: 1, red: 1 },
        },
        {
          kind: 'stat',
          title: 'Not done',
          about: 'What could not be written at the last look. It is tried again.',
          unit: 'none',
          lines: [['', `sum(${of('fairway_controller_failures')})`]],
          limits: { amber: 1, red: 10 },
        },
      ],
    },
    {
      title: 'Work',
      panels: [
        {
          title: 'Written',
          about: 'By kind and verb, what went well.',
          unit: 'ops',
          lines: [['{{verb}} {{kind}}', sumRate(`fairway_controller_writes_total{${at},result="ok"}`, 'verb', 'kind')]],
        },
        {
          title: 'Not written',
          about: 'By the reason that the API server gave. A Conflict now and then is usual.',
          unit: 'ops',
          lines: [
            [
              '{{verb}} {{kind}}: {{result}}',
              sumRate(`fairway_controller_writes_total{${at},result!="ok"}`, 'verb', 'kind', 'result'),
            ],
          ],
        },
        {
          title: 'A look at everything',
          about: 'How long the last one took, writing included.',
          unit: 's',
          lines: [['{{pod}}', of('fairway_controller_last_pass_seconds')]],
        },
        {
          title: 'CPU',
          about: 'Cores.',
          unit: 'none',
          lines: [
            [
              '{{pod}}',
              `${rate(`process_cpu_seconds_total{${own}}`)} and on (namespace, pod) ${of('fairway_controller_leader')}`,
            ],
          ],
        },
        {
          title: 'Memory',
          about: 'What is resident.',
          unit: 'bytes',
          lines: [
            [
              '{{pod}}',
              `process_resident_memory_bytes{${own}} and on (namespace, pod) ${of('fairway_controller_leader')}`,
            ],
          ],
        },
      ],
    },
  ],
}
