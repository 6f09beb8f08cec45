/**
 * How `node --test` reports: for people, or for a log, where what failed is said once more at the end (`spec` does so itself).
 * @param {boolean} isForPeople
 * @returns {string[]}
 */
export const testReporters = (isForPeople) =>
  isForPeople
    ? ['--test-reporter=spec']
    : ['tap', './test/support/failures.ts'].flatMap((reporter) => [
        `--test-reporter=${reporter}`,
        '--test-reporter-destination=stdout',
      ])
