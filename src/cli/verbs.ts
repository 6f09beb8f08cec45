import type { VerbEntry } from './verb.ts'

/** The verbs there are, in the order of the help. Each is loaded when it is called: most need little of the program. */
export const verbs: readonly VerbEntry[] = [
  {
    name: 'demo',
    summary: 'a canary release over mutual TLS on this machine, live (npm start)',
    load: async () => (await import('./demo.ts')).demoVerb,
  },
  {
    name: 'run',
    summary: 'the data plane of a waypoint',
    load: async () => (await import('./run.ts')).runVerb,
  },
  {
    name: 'controller',
    summary: 'makes the Gateways of a cluster waypoints, and says what became of each object',
    load: async () => (await import('./controller.ts')).controllerVerb,
  },
  {
    name: 'request',
    summary: 'one HTTP request through a waypoint: the curl of HBONE',
    load: async () => (await import('./request.ts')).requestVerb,
  },
  {
    name: 'explain',
    summary: 'what would become of a request, and why: by files, or in a running waypoint',
    load: async () => (await import('./explain/explain.ts')).explainVerb,
  },
  {
    name: 'test',
    summary: 'what requests come to, laid beside what is expected of them; without a cluster',
    load: async () => (await import('./test/test.ts')).testVerb,
  },
  {
    name: 'doctor',
    summary: 'what is wrong with a mesh and its waypoints, why, and what to do about it',
    load: async () => (await import('./doctor/doctor.ts')).doctorVerb,
  },
  {
    name: 'certs',
    summary: 'the certificate of a running waypoint, or in a folder: who issued it, how long it lasts, whom it trusts',
    load: async () => (await import('./certs/certs.ts')).certsVerb,
  },
  {
    name: 'waypoint',
    summary: 'waypoints in a cluster, and what becomes of their objects',
    examples: [
      'fairway waypoint apply -n shop --enroll-namespace --wait    a waypoint, and a namespace that goes through it',
      'fairway waypoint list -A                                    the waypoints of a cluster',
      'fairway waypoint status -n shop                             how they are, and what is wrong with their objects',
      'fairway waypoint status -f objects/                         the same of files, without a cluster',
      'fairway waypoint delete waypoint -n shop                    takes it out again',
    ],
    verbs: [
      {
        name: 'apply',
        summary: 'a waypoint in a namespace: shows what changes, writes it, waits, enrols the namespace',
        load: async () => (await import('./waypoint/apply.ts')).applyVerb,
      },
      {
        name: 'generate',
        summary: 'the Gateway of a waypoint as YAML, without a cluster',
        load: async () => (await import('./waypoint/generate.ts')).generateVerb,
      },
      {
        name: 'list',
        summary: 'the waypoints of a namespace, or of a cluster',
        load: async () => (await import('./waypoint/list.ts')).listVerb,
      },
      {
        name: 'status',
        summary: 'what became of each object, and what is wrong with it',
        load: async () => (await import('./waypoint/status.ts')).statusVerb,
      },
      {
        name: 'delete',
        summary: 'waypoints taken out of a cluster, with what apply wrote beside them',
        load: async () => (await import('./waypoint/delete.ts')).deleteVerb,
      },
      {
        name: 'mirrors',
        summary: 'what mirrors answer otherwise than the primary, in a running waypoint',
        load: async () => (await import('./waypoint/mirrors.ts')).mirrorsVerb,
      },
    ],
  },
  {
    name: 'crds',
    summary: 'the definitions of the kinds of Fairway in a cluster',
    examples: ['fairway crds apply       brings those of a cluster up to date', 'fairway crds generate    prints them'],
    verbs: [
      {
        name: 'generate',
        summary: 'the definitions, as Kubernetes takes them',
        load: async () => (await import('./crds/generate.ts')).generateCrdsVerb,
      },
      {
        name: 'apply',
        summary: 'brings the definitions in a cluster up to date',
        load: async () => (await import('./crds/apply.ts')).applyCrdsVerb,
      },
    ],
  },
  {
    name: 'filter',
    summary: 'filters of your own: new ones, their tests, how they do',
    examples: [
      'fairway filter new stamp-version     a folder with a filter, its test and its page',
      'fairway filter test stamp-version    its tests',
      'fairway filter dev stamp-version     the filter at work, with live reload',
      'fairway filter list                  how filters do in a running waypoint',
    ],
    verbs: [
      {
        name: 'new',
        summary: 'a folder with a filter that works, its test and its page',
        load: async () => (await import('./filter/new.ts')).newVerb,
      },
      {
        name: 'test',
        summary: 'the tests of filters',
        load: async () => (await import('./filter/test.ts')).testVerb,
      },
      {
        name: 'dev',
        summary: 'a filter at work, with live reload, and each decision as it happens',
        load: async () => (await import('./filter/dev.ts')).devVerb,
      },
      {
        name: 'list',
        summary: 'the filters in a running waypoint: versions, state, calls, failures, times',
        load: async () => (await import('./filter/list.ts')).listVerb,
      },
      {
        name: 'command',
        summary: 'asks something of filters in a running waypoint: a cache to forget, say',
        load: async () => (await import('./filter/command.ts')).commandVerb,
      },
    ],
  },
  {
    name: 'completion',
    summary: 'what bash, zsh or fish need to complete command lines',
    load: async () => (await import('./completion/completion.ts')).completionVerb,
  },
  {
    name: 'version',
    summary: 'which versions there are, of the program and in a cluster',
    load: async () => (await import('./version/version.ts')).versionVerb,
  },
]
