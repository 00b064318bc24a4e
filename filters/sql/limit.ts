/** LIMIT and FETCH FIRST as a number. */
import { type Body, bodyOf } from './node.js';

/** The constant limit of a SelectStmt body; -1 when there is none, -2 when it is not constant. */
export function constantLimit(body: Body): number {
  if (body.limitCount === undefined) return -1;
  const constant = bodyOf(body.limitCount, 'A_Const');
  if (constant === undefined) return -2;
  // LIMIT ALL and LIMIT NULL are no limit.
  if (constant.isnull === true) return -1;
  if (body.limitOption === 'LIMIT_OPTION_WITH_TIES') return -2;
  const integer = constant.ival as Body | undefined;
  if (integer !== undefined)
    return typeof integer.ival === 'number' && integer.ival >= 0 ? integer.ival : integer.ival === undefined ? 0 : -2;
  const float = constant.fval as Body | undefined;
  const value = Number(float?.fval);
  return Number.isSafeInteger(value) && value >= 0 ? value : -2;
}
