// mocha's spec reporter, which also tells test/run.mjs what happened, and shows why a pending test is pending.
// CommonJS, since that is how mocha loads reporters from a path on every Node that we support.
const Mocha = require('mocha');

const { EVENT_TEST_PASS, EVENT_TEST_FAIL, EVENT_TEST_PENDING, EVENT_RUN_END } = Mocha.Runner.constants;

module.exports = class TellingReporter extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const tell = (event) => process.send?.(event);
    const pending = [];
    runner.on(EVENT_TEST_PASS, () => tell({ event: 'pass' }));
    runner.on(EVENT_TEST_FAIL, (test) => tell({ event: 'fail', title: test.fullTitle() }));
    runner.on(EVENT_TEST_PENDING, (test) => pending.push([test.fullTitle(), test.pendingReason ?? 'no reason was given']));
    runner.once(EVENT_RUN_END, () => {
      for (const [title, reason] of pending) Mocha.reporters.Base.consoleLog(`  pending: ${title}: ${reason}`);
      tell({ event: 'end', pending: pending.length });
    });
  }
};
