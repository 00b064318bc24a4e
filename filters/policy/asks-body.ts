import { ruleContext } from './context/index.js';
import { type CompiledRule, otherReadings, type Readers } from './decide.js';
import type { HttpOperation } from './types.js';

/** Tells whether a rule that asks for the body may match a request, of which the body is not there yet. */
export function bodyAsker(rules: readonly CompiledRule[], readers: Readers): (operation: HttpOperation) => boolean {
  const asking = rules.filter(({ condition }) => condition.usesBody);
  if (asking.some(({ condition }) => condition.before === undefined)) return () => true;
  if (asking.length === 0) return () => false;
  return (operation) => {
    const readings = [operation, ...otherReadings(operation, readers).map(({ facts }) => facts)];
    return readings.some((reading) => {
      const context = ruleContext(reading);
      return asking.some(({ condition }) => condition.before!.evaluate(context).matched !== false);
    });
  };
}
