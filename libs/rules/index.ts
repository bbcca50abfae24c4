export { nextAlertState, type AlertState, type AlertTiming, type Observation } from './alert-state.js';
export { Alerts, type Alert, type AlertEvent } from './alerts.js';
export { deleteAlertsOf, deleteRulesOf, lockAlerting } from './model-deletion.js';
export { NotificationGroups } from './notification-groups.js';
export { notifyReason, type GroupTiming, type NotifyReason, type SentNotification } from './notify-reason.js';
export { observe } from './observation.js';
export { RuleEvaluation, type FiredAlert, type StartRetraining } from './rule-evaluation.js';
export { Rules, type Rule, type RuleTargets } from './rules.js';
export { ruleSchema, type RuleSpec } from './schemas.js';
