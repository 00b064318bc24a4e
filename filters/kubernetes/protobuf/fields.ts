// Written by generate.mjs from k8s.io/api and k8s.io/apimachinery v0.37.2 (Apache-2.0); not to be changed by hand.
// After `# package` each line is a message: number, name and type of each field; [] repeated, {} a map of texts, * a pointer in Go, ^ inline in JSON.
// biome-ignore format: a table
export const fields = `
# admissionregistration.v1
ApplyConfiguration: 1 expression string
AuditAnnotation: 1 key string, 2 valueExpression string
ExpressionWarning: 2 fieldRef string, 3 warning string
JSONPatch: 1 expression string
MatchCondition: 1 name string, 2 expression string
MatchResources: 1 namespaceSelector *meta.v1.LabelSelector, 2 objectSelector *meta.v1.LabelSelector, 3 resourceRules []NamedRuleWithOperations, 4 excludeResourceRules []NamedRuleWithOperations, 7 matchPolicy *string
MutatingAdmissionPolicy: 1 metadata meta.v1.ObjectMeta, 2 spec MutatingAdmissionPolicySpec
MutatingAdmissionPolicyBinding: 1 metadata meta.v1.ObjectMeta, 2 spec MutatingAdmissionPolicyBindingSpec
MutatingAdmissionPolicyBindingList: 1 metadata meta.v1.ListMeta, 2 items []MutatingAdmissionPolicyBinding
MutatingAdmissionPolicyBindingSpec: 1 policyName string, 2 paramRef *ParamRef, 3 matchResources *MatchResources
MutatingAdmissionPolicyList: 1 metadata meta.v1.ListMeta, 2 items []MutatingAdmissionPolicy
MutatingAdmissionPolicySpec: 1 paramKind *ParamKind, 2 matchConstraints *MatchResources, 3 variables []Variable, 4 mutations []Mutation, 5 failurePolicy *string, 6 matchConditions []MatchCondition, 7 reinvocationPolicy string
MutatingWebhook: 1 name string, 2 clientConfig WebhookClientConfig, 3 rules []RuleWithOperations, 4 failurePolicy *string, 9 matchPolicy *string, 5 namespaceSelector *meta.v1.LabelSelector, 11 objectSelector *meta.v1.LabelSelector, 6 sideEffects *string, 7 timeoutSeconds *int32, 8 admissionReviewVersions []string, 10 reinvocationPolicy *string, 12 matchConditions []MatchCondition
MutatingWebhookConfiguration: 1 metadata meta.v1.ObjectMeta, 2 Webhooks []MutatingWebhook
MutatingWebhookConfigurationList: 1 metadata meta.v1.ListMeta, 2 items []MutatingWebhookConfiguration
Mutation: 2 patchType string, 3 applyConfiguration *ApplyConfiguration, 4 jsonPatch *JSONPatch
NamedRuleWithOperations: 1 resourceNames []string, 2 ruleWithOperations ^RuleWithOperations
ParamKind: 1 apiVersion string, 2 kind string
ParamRef: 1 name string, 2 namespace string, 3 selector *meta.v1.LabelSelector, 4 parameterNotFoundAction *string
Rule: 1 apiGroups []string, 2 apiVersions []string, 3 resources []string, 4 scope *string
RuleWithOperations: 1 operations []string, 2 rule ^Rule
ServiceReference: 1 namespace string, 2 name string, 3 path *string, 4 port *int32
TypeChecking: 1 expressionWarnings []ExpressionWarning
ValidatingAdmissionPolicy: 1 metadata meta.v1.ObjectMeta, 2 spec ValidatingAdmissionPolicySpec, 3 status ValidatingAdmissionPolicyStatus
ValidatingAdmissionPolicyBinding: 1 metadata meta.v1.ObjectMeta, 2 spec ValidatingAdmissionPolicyBindingSpec
ValidatingAdmissionPolicyBindingList: 1 metadata meta.v1.ListMeta, 2 items []ValidatingAdmissionPolicyBinding
ValidatingAdmissionPolicyBindingSpec: 1 policyName string, 2 paramRef *ParamRef, 3 matchResources *MatchResources, 4 validationActions []string
ValidatingAdmissionPolicyList: 1 metadata meta.v1.ListMeta, 2 items []ValidatingAdmissionPolicy
ValidatingAdmissionPolicySpec: 1 paramKind *ParamKind, 2 matchConstraints *MatchResources, 3 validations []Validation, 4 failurePolicy *string, 5 auditAnnotations []AuditAnnotation, 6 matchConditions []MatchCondition, 7 variables []Variable
ValidatingAdmissionPolicyStatus: 1 observedGeneration int64, 2 typeChecking *TypeChecking, 3 conditions []meta.v1.Condition
ValidatingWebhook: 1 name string, 2 clientConfig WebhookClientConfig, 3 rules []RuleWithOperations, 4 failurePolicy *string, 9 matchPolicy *string, 5 namespaceSelector *meta.v1.LabelSelector, 10 objectSelector *meta.v1.LabelSelector, 6 sideEffects *string, 7 timeoutSeconds *int32, 8 admissionReviewVersions []string, 11 matchConditions []MatchCondition
ValidatingWebhookConfiguration: 1 metadata meta.v1.ObjectMeta, 2 Webhooks []ValidatingWebhook
ValidatingWebhookConfigurationList: 1 metadata meta.v1.ListMeta, 2 items []ValidatingWebhookConfiguration
Validation: 1 Expression string, 2 message string, 3 reason *string, 4 messageExpression string
Variable: 1 Name string, 2 Expression string
WebhookClientConfig: 3 url *string, 1 service *ServiceReference, 2 caBundle bytes
# admissionregistration.v1alpha1
ApplyConfiguration: 1 expression string
AuditAnnotation: 1 key string, 2 valueExpression string
ExpressionWarning: 2 fieldRef string, 3 warning string
JSONPatch: 1 expression string
MatchCondition: 1 name string, 2 expression string
MatchResources: 1 namespaceSelector *meta.v1.LabelSelector, 2 objectSelector *meta.v1.LabelSelector, 3 resourceRules []NamedRuleWithOperations, 4 excludeResourceRules []NamedRuleWithOperations, 7 matchPolicy *string
MutatingAdmissionPolicy: 1 metadata meta.v1.ObjectMeta, 2 spec MutatingAdmissionPolicySpec
MutatingAdmissionPolicyBinding: 1 metadata meta.v1.ObjectMeta, 2 spec MutatingAdmissionPolicyBindingSpec
MutatingAdmissionPolicyBindingList: 1 metadata meta.v1.ListMeta, 2 items []MutatingAdmissionPolicyBinding
MutatingAdmissionPolicyBindingSpec: 1 policyName string, 2 paramRef *ParamRef, 3 matchResources *MatchResources
MutatingAdmissionPolicyList: 1 metadata meta.v1.ListMeta, 2 items []MutatingAdmissionPolicy
MutatingAdmissionPolicySpec: 1 paramKind *ParamKind, 2 matchConstraints *MatchResources, 3 variables []Variable, 4 mutations []Mutation, 5 failurePolicy *string, 6 matchConditions []MatchCondition, 7 reinvocationPolicy string
Mutation: 2 patchType string, 3 applyConfiguration *ApplyConfiguration, 4 jsonPatch *JSONPatch
NamedRuleWithOperations: 1 resourceNames []string, 2 ruleWithOperations ^admissionregistration.v1.RuleWithOperations
ParamKind: 1 apiVersion string, 2 kind string
ParamRef: 1 name string, 2 namespace string, 3 selector *meta.v1.LabelSelector, 4 parameterNotFoundAction *string
TypeChecking: 1 expressionWarnings []ExpressionWarning
ValidatingAdmissionPolicy: 1 metadata meta.v1.ObjectMeta, 2 spec ValidatingAdmissionPolicySpec, 3 status ValidatingAdmissionPolicyStatus
ValidatingAdmissionPolicyBinding: 1 metadata meta.v1.ObjectMeta, 2 spec ValidatingAdmissionPolicyBindingSpec
ValidatingAdmissionPolicyBindingList: 1 metadata meta.v1.ListMeta, 2 items []ValidatingAdmissionPolicyBinding
ValidatingAdmissionPolicyBindingSpec: 1 policyName string, 2 paramRef *ParamRef, 3 matchResources *MatchResources, 4 validationActions []string
ValidatingAdmissionPolicyList: 1 metadata meta.v1.ListMeta, 2 items []ValidatingAdmissionPolicy
ValidatingAdmissionPolicySpec: 1 paramKind *ParamKind, 2 matchConstraints *MatchResources, 3 validations []Validation, 4 failurePolicy *string, 5 auditAnnotations []AuditAnnotation, 6 matchConditions []MatchCondition, 7 variables []Variable
ValidatingAdmissionPolicyStatus: 1 observedGeneration int64, 2 typeChecking *TypeChecking, 3 conditions []meta.v1.Condition
Validation: 1 Expression string, 2 message string, 3 reason *string, 4 messageExpression string
Variable: 1 Name string, 2 Expression string
# admissionregistration.v1beta1
ApplyConfiguration: 1 expression string
AuditAnnotation: 1 key string, 2 valueExpression string
ExpressionWarning: 2 fieldRef string, 3 warning string
JSONPatch: 1 expression string
MatchCondition: 1 name string, 2 expression string
MatchResources: 1 namespaceSelector *meta.v1.LabelSelector, 2 objectSelector *meta.v1.LabelSelector, 3 resourceRules []NamedRuleWithOperations, 4 excludeResourceRules []NamedRuleWithOperations, 7 matchPolicy *string
MutatingAdmissionPolicy: 1 metadata meta.v1.ObjectMeta, 2 spec MutatingAdmissionPolicySpec
MutatingAdmissionPolicyBinding: 1 metadata meta.v1.ObjectMeta, 2 spec MutatingAdmissionPolicyBindingSpec
MutatingAdmissionPolicyBindingList: 1 metadata meta.v1.ListMeta, 2 items []MutatingAdmissionPolicyBinding
MutatingAdmissionPolicyBindingSpec: 1 policyName string, 2 paramRef *ParamRef, 3 matchResources *MatchResources
MutatingAdmissionPolicyList: 1 metadata meta.v1.ListMeta, 2 items []MutatingAdmissionPolicy
MutatingAdmissionPolicySpec: 1 paramKind *ParamKind, 2 matchConstraints *MatchResources, 3 variables []Variable, 4 mutations []Mutation, 5 failurePolicy *string, 6 matchConditions []MatchCondition, 7 reinvocationPolicy string
MutatingWebhook: 1 name string, 2 clientConfig WebhookClientConfig, 3 rules []admissionregistration.v1.RuleWithOperations, 4 failurePolicy *string, 9 matchPolicy *string, 5 namespaceSelector *meta.v1.LabelSelector, 11 objectSelector *meta.v1.LabelSelector, 6 sideEffects *string, 7 timeoutSeconds *int32, 8 admissionReviewVersions []string, 10 reinvocationPolicy *string, 12 matchConditions []MatchCondition
MutatingWebhookConfiguration: 1 metadata meta.v1.ObjectMeta, 2 Webhooks []MutatingWebhook
MutatingWebhookConfigurationList: 1 metadata meta.v1.ListMeta, 2 items []MutatingWebhookConfiguration
Mutation: 2 patchType string, 3 applyConfiguration *ApplyConfiguration, 4 jsonPatch *JSONPatch
NamedRuleWithOperations: 1 resourceNames []string, 2 ruleWithOperations ^admissionregistration.v1.RuleWithOperations
ParamKind: 1 apiVersion string, 2 kind string
ParamRef: 1 name string, 2 namespace string, 3 selector *meta.v1.LabelSelector, 4 parameterNotFoundAction *string
ServiceReference: 1 namespace string, 2 name string, 3 path *string, 4 port *int32
TypeChecking: 1 expressionWarnings []ExpressionWarning
ValidatingAdmissionPolicy: 1 metadata meta.v1.ObjectMeta, 2 spec ValidatingAdmissionPolicySpec, 3 status ValidatingAdmissionPolicyStatus
ValidatingAdmissionPolicyBinding: 1 metadata meta.v1.ObjectMeta, 2 spec ValidatingAdmissionPolicyBindingSpec
ValidatingAdmissionPolicyBindingList: 1 metadata meta.v1.ListMeta, 2 items []ValidatingAdmissionPolicyBinding
ValidatingAdmissionPolicyBindingSpec: 1 policyName string, 2 paramRef *ParamRef, 3 matchResources *MatchResources, 4 validationActions []string
ValidatingAdmissionPolicyList: 1 metadata meta.v1.ListMeta, 2 items []ValidatingAdmissionPolicy
ValidatingAdmissionPolicySpec: 1 paramKind *ParamKind, 2 matchConstraints *MatchResources, 3 validations []Validation, 4 failurePolicy *string, 5 auditAnnotations []AuditAnnotation, 6 matchConditions []MatchCondition, 7 variables []Variable
ValidatingAdmissionPolicyStatus: 1 observedGeneration int64, 2 typeChecking *TypeChecking, 3 conditions []meta.v1.Condition
ValidatingWebhook: 1 name string, 2 clientConfig WebhookClientConfig, 3 rules []admissionregistration.v1.RuleWithOperations, 4 failurePolicy *string, 9 matchPolicy *string, 5 namespaceSelector *meta.v1.LabelSelector, 10 objectSelector *meta.v1.LabelSelector, 6 sideEffects *string, 7 timeoutSeconds *int32, 8 admissionReviewVersions []string, 11 matchConditions []MatchCondition
ValidatingWebhookConfiguration: 1 metadata meta.v1.ObjectMeta, 2 Webhooks []ValidatingWebhook
ValidatingWebhookConfigurationList: 1 metadata meta.v1.ListMeta, 2 items []ValidatingWebhookConfiguration
Validation: 1 Expression string, 2 message string, 3 reason *string, 4 messageExpression string
Variable: 1 Name string, 2 Expression string
WebhookClientConfig: 3 url *string, 1 service *ServiceReference, 2 caBundle bytes
# apps.v1
ControllerRevision: 1 metadata meta.v1.ObjectMeta, 2 data runtime.RawExtension, 3 revision int64
ControllerRevisionList: 1 metadata meta.v1.ListMeta, 2 items []ControllerRevision
DaemonSet: 1 metadata meta.v1.ObjectMeta, 2 spec DaemonSetSpec, 3 status DaemonSetStatus
DaemonSetCondition: 1 type string, 2 status string, 3 lastTransitionTime meta.v1.Time, 4 reason string, 5 message string
DaemonSetList: 1 metadata meta.v1.ListMeta, 2 items []DaemonSet
DaemonSetSpec: 1 selector *meta.v1.LabelSelector, 2 template core.v1.PodTemplateSpec, 3 updateStrategy DaemonSetUpdateStrategy, 4 minReadySeconds int32, 6 revisionHistoryLimit *int32
DaemonSetStatus: 1 currentNumberScheduled int32, 2 numberMisscheduled int32, 3 desiredNumberScheduled int32, 4 numberReady int32, 5 observedGeneration int64, 6 updatedNumberScheduled int32, 7 numberAvailable int32, 8 numberUnavailable int32, 9 collisionCount *int32, 10 conditions []DaemonSetCondition
DaemonSetUpdateStrategy: 1 type string, 2 rollingUpdate *RollingUpdateDaemonSet
Deployment: 1 metadata meta.v1.ObjectMeta, 2 spec DeploymentSpec, 3 status DeploymentStatus
DeploymentCondition: 1 type string, 2 status string, 6 lastUpdateTime meta.v1.Time, 7 lastTransitionTime meta.v1.Time, 4 reason string, 5 message string
DeploymentList: 1 metadata meta.v1.ListMeta, 2 items []Deployment
DeploymentSpec: 1 replicas *int32, 2 selector *meta.v1.LabelSelector, 3 template core.v1.PodTemplateSpec, 4 strategy DeploymentStrategy, 5 minReadySeconds int32, 6 revisionHistoryLimit *int32, 7 paused bool, 9 progressDeadlineSeconds *int32
DeploymentStatus: 1 observedGeneration int64, 2 replicas int32, 3 updatedReplicas int32, 7 readyReplicas int32, 4 availableReplicas int32, 5 unavailableReplicas int32, 9 terminatingReplicas *int32, 6 conditions []DeploymentCondition, 8 collisionCount *int32
DeploymentStrategy: 1 type string, 2 rollingUpdate *RollingUpdateDeployment
ReplicaSet: 1 metadata meta.v1.ObjectMeta, 2 spec ReplicaSetSpec, 3 status ReplicaSetStatus
ReplicaSetCondition: 1 type string, 2 status string, 3 lastTransitionTime meta.v1.Time, 4 reason string, 5 message string
ReplicaSetList: 1 metadata meta.v1.ListMeta, 2 items []ReplicaSet
ReplicaSetSpec: 1 replicas *int32, 4 minReadySeconds int32, 2 selector *meta.v1.LabelSelector, 3 template core.v1.PodTemplateSpec
ReplicaSetStatus: 1 replicas int32, 2 fullyLabeledReplicas int32, 4 readyReplicas int32, 5 availableReplicas int32, 7 terminatingReplicas *int32, 3 observedGeneration int64, 6 conditions []ReplicaSetCondition
RollingUpdateDaemonSet: 1 maxUnavailable *intstr.IntOrString, 2 maxSurge *intstr.IntOrString
RollingUpdateDeployment: 1 maxUnavailable *intstr.IntOrString, 2 maxSurge *intstr.IntOrString
RollingUpdateStatefulSetStrategy: 1 partition *int32, 2 maxUnavailable *intstr.IntOrString
StatefulSet: 1 metadata meta.v1.ObjectMeta, 2 spec StatefulSetSpec, 3 status StatefulSetStatus
StatefulSetCondition: 1 type string, 2 status string, 3 lastTransitionTime meta.v1.Time, 4 reason string, 5 message string
StatefulSetList: 1 metadata meta.v1.ListMeta, 2 items []StatefulSet
StatefulSetOrdinals: 1 start int32
StatefulSetPersistentVolumeClaimRetentionPolicy: 1 whenDeleted string, 2 whenScaled string
StatefulSetSpec: 1 replicas *int32, 2 selector *meta.v1.LabelSelector, 3 template core.v1.PodTemplateSpec, 4 volumeClaimTemplates []core.v1.PersistentVolumeClaim, 5 serviceName string, 6 podManagementPolicy string, 7 updateStrategy StatefulSetUpdateStrategy, 8 revisionHistoryLimit *int32, 9 minReadySeconds int32, 10 persistentVolumeClaimRetentionPolicy *StatefulSetPersistentVolumeClaimRetentionPolicy, 11 ordinals *StatefulSetOrdinals
StatefulSetStatus: 1 observedGeneration int64, 2 replicas int32, 3 readyReplicas int32, 4 currentReplicas int32, 5 updatedReplicas int32, 6 currentRevision string, 7 updateRevision string, 9 collisionCount *int32, 10 conditions []StatefulSetCondition, 11 availableReplicas int32
StatefulSetUpdateStrategy: 1 type string, 2 rollingUpdate *RollingUpdateStatefulSetStrategy
# authentication.v1
AttestationValue: 1 items []string
BoundObjectReference: 1 kind string, 2 apiVersion string, 3 name string, 4 uID string
ExtraValue: 1 items []string
SelfSubjectReview: 1 metadata meta.v1.ObjectMeta, 2 status SelfSubjectReviewStatus
SelfSubjectReviewStatus: 1 userInfo UserInfo
TokenRequest: 1 metadata meta.v1.ObjectMeta, 2 spec TokenRequestSpec, 3 status TokenRequestStatus
TokenRequestSpec: 1 audiences []string, 4 expirationSeconds *int64, 3 boundObjectRef *BoundObjectReference, 5 attestations {}AttestationValue
TokenRequestStatus: 1 token string, 2 expirationTimestamp meta.v1.Time
TokenReview: 1 metadata meta.v1.ObjectMeta, 2 spec TokenReviewSpec, 3 status TokenReviewStatus
TokenReviewSpec: 1 token string, 2 audiences []string
TokenReviewStatus: 1 authenticated bool, 2 user UserInfo, 4 audiences []string, 3 error string
UserInfo: 1 username string, 2 uid string, 3 groups []string, 4 extra {}ExtraValue
# authorization.v1
ExtraValue: 1 items []string
FieldSelectorAttributes: 1 rawSelector string, 2 requirements []meta.v1.FieldSelectorRequirement
LabelSelectorAttributes: 1 rawSelector string, 2 requirements []meta.v1.LabelSelectorRequirement
LocalSubjectAccessReview: 1 metadata meta.v1.ObjectMeta, 2 spec SubjectAccessReviewSpec, 3 status SubjectAccessReviewStatus
NonResourceAttributes: 1 path string, 2 verb string
NonResourceRule: 1 verbs []string, 2 nonResourceURLs []string
ResourceAttributes: 1 namespace string, 2 verb string, 3 group string, 4 version string, 5 resource string, 6 subresource string, 7 name string, 8 fieldSelector *FieldSelectorAttributes, 9 labelSelector *LabelSelectorAttributes
ResourceRule: 1 verbs []string, 2 apiGroups []string, 3 resources []string, 4 resourceNames []string
SelfSubjectAccessReview: 1 metadata meta.v1.ObjectMeta, 2 spec SelfSubjectAccessReviewSpec, 3 status SubjectAccessReviewStatus
SelfSubjectAccessReviewSpec: 1 resourceAttributes *ResourceAttributes, 2 nonResourceAttributes *NonResourceAttributes
SelfSubjectRulesReview: 1 metadata meta.v1.ObjectMeta, 2 spec SelfSubjectRulesReviewSpec, 3 status SubjectRulesReviewStatus
SelfSubjectRulesReviewSpec: 1 namespace string
SubjectAccessReview: 1 metadata meta.v1.ObjectMeta, 2 spec SubjectAccessReviewSpec, 3 status SubjectAccessReviewStatus
SubjectAccessReviewSpec: 1 resourceAttributes *ResourceAttributes, 2 nonResourceAttributes *NonResourceAttributes, 3 user string, 4 groups []string, 5 extra {}ExtraValue, 6 uid string
SubjectAccessReviewStatus: 1 allowed bool, 4 denied bool, 2 reason string, 3 evaluationError string
SubjectRulesReviewStatus: 1 resourceRules []ResourceRule, 2 nonResourceRules []NonResourceRule, 3 incomplete bool, 4 evaluationError string
# autoscaling.v1
ContainerResourceMetricSource: 1 name string, 2 targetAverageUtilization *int32, 3 targetAverageValue *resource.Quantity, 5 container string
ContainerResourceMetricStatus: 1 name string, 2 currentAverageUtilization *int32, 3 currentAverageValue resource.Quantity, 4 container string
CrossVersionObjectReference: 1 kind string, 2 name string, 3 apiVersion string
ExternalMetricSource: 1 metricName string, 2 metricSelector *meta.v1.LabelSelector, 3 targetValue *resource.Quantity, 4 targetAverageValue *resource.Quantity
ExternalMetricStatus: 1 metricName string, 2 metricSelector *meta.v1.LabelSelector, 3 currentValue resource.Quantity, 4 currentAverageValue *resource.Quantity
HorizontalPodAutoscaler: 1 metadata meta.v1.ObjectMeta, 2 spec HorizontalPodAutoscalerSpec, 3 status HorizontalPodAutoscalerStatus
HorizontalPodAutoscalerCondition: 1 type string, 2 status string, 3 lastTransitionTime meta.v1.Time, 4 reason string, 5 message string, 6 observedGeneration *int64
HorizontalPodAutoscalerList: 1 metadata meta.v1.ListMeta, 2 items []HorizontalPodAutoscaler
HorizontalPodAutoscalerSpec: 1 scaleTargetRef CrossVersionObjectReference, 2 minReplicas *int32, 3 maxReplicas int32, 4 targetCPUUtilizationPercentage *int32
HorizontalPodAutoscalerStatus: 1 observedGeneration *int64, 2 lastScaleTime *meta.v1.Time, 3 currentReplicas int32, 4 desiredReplicas int32, 5 currentCPUUtilizationPercentage *int32
MetricSpec: 1 type string, 2 object *ObjectMetricSource, 3 pods *PodsMetricSource, 4 resource *ResourceMetricSource, 7 containerResource *ContainerResourceMetricSource, 5 external *ExternalMetricSource
MetricStatus: 1 type string, 2 object *ObjectMetricStatus, 3 pods *PodsMetricStatus, 4 resource *ResourceMetricStatus, 7 containerResource *ContainerResourceMetricStatus, 5 external *ExternalMetricStatus
ObjectMetricSource: 1 target CrossVersionObjectReference, 2 metricName string, 3 targetValue resource.Quantity, 4 selector *meta.v1.LabelSelector, 5 averageValue *resource.Quantity
ObjectMetricStatus: 1 target CrossVersionObjectReference, 2 metricName string, 3 currentValue resource.Quantity, 4 selector *meta.v1.LabelSelector, 5 averageValue *resource.Quantity
PodsMetricSource: 1 metricName string, 2 targetAverageValue resource.Quantity, 3 selector *meta.v1.LabelSelector
PodsMetricStatus: 1 metricName string, 2 currentAverageValue resource.Quantity, 3 selector *meta.v1.LabelSelector
ResourceMetricSource: 1 name string, 2 targetAverageUtilization *int32, 3 targetAverageValue *resource.Quantity
ResourceMetricStatus: 1 name string, 2 currentAverageUtilization *int32, 3 currentAverageValue resource.Quantity
Scale: 1 metadata meta.v1.ObjectMeta, 2 spec ScaleSpec, 3 status ScaleStatus
ScaleSpec: 1 replicas int32
ScaleStatus: 1 replicas int32, 2 selector string
# autoscaling.v2
ContainerResourceMetricSource: 1 name string, 2 target MetricTarget, 3 container string
ContainerResourceMetricStatus: 1 name string, 2 current MetricValueStatus, 3 container string
CrossVersionObjectReference: 1 kind string, 2 name string, 3 apiVersion string
ExternalMetricSource: 1 metric MetricIdentifier, 2 target MetricTarget
ExternalMetricStatus: 1 metric MetricIdentifier, 2 current MetricValueStatus
HPAScalingPolicy: 1 type string, 2 value int32, 3 periodSeconds int32
HPAScalingRules: 3 stabilizationWindowSeconds *int32, 1 selectPolicy *string, 2 policies []HPAScalingPolicy, 4 tolerance *resource.Quantity
HorizontalPodAutoscaler: 1 metadata meta.v1.ObjectMeta, 2 spec HorizontalPodAutoscalerSpec, 3 status HorizontalPodAutoscalerStatus
HorizontalPodAutoscalerBehavior: 1 scaleUp *HPAScalingRules, 2 scaleDown *HPAScalingRules
HorizontalPodAutoscalerCondition: 1 type string, 2 status string, 3 lastTransitionTime meta.v1.Time, 4 reason string, 5 message string, 6 observedGeneration *int64
HorizontalPodAutoscalerList: 1 metadata meta.v1.ListMeta, 2 items []HorizontalPodAutoscaler
HorizontalPodAutoscalerSpec: 1 scaleTargetRef CrossVersionObjectReference, 2 minReplicas *int32, 3 maxReplicas int32, 4 metrics []MetricSpec, 5 behavior *HorizontalPodAutoscalerBehavior
HorizontalPodAutoscalerStatus: 1 observedGeneration *int64, 2 lastScaleTime *meta.v1.Time, 3 currentReplicas int32, 4 desiredReplicas int32, 5 currentMetrics []MetricStatus, 6 conditions []HorizontalPodAutoscalerCondition
MetricIdentifier: 1 name string, 2 selector *meta.v1.LabelSelector
MetricSpec: 1 type string, 2 object *ObjectMetricSource, 3 pods *PodsMetricSource, 4 resource *ResourceMetricSource, 7 containerResource *ContainerResourceMetricSource, 5 external *ExternalMetricSource
MetricStatus: 1 type string, 2 object *ObjectMetricStatus, 3 pods *PodsMetricStatus, 4 resource *ResourceMetricStatus, 7 containerResource *ContainerResourceMetricStatus, 5 external *ExternalMetricStatus
MetricTarget: 1 type string, 2 value *resource.Quantity, 3 averageValue *resource.Quantity, 4 averageUtilization *int32
MetricValueStatus: 1 value *resource.Quantity, 2 averageValue *resource.Quantity, 3 averageUtilization *int32
ObjectMetricSource: 1 describedObject CrossVersionObjectReference, 2 target MetricTarget, 3 metric MetricIdentifier
ObjectMetricStatus: 1 metric MetricIdentifier, 2 current MetricValueStatus, 3 describedObject CrossVersionObjectReference
PodsMetricSource: 1 metric MetricIdentifier, 2 target MetricTarget
PodsMetricStatus: 1 metric MetricIdentifier, 2 current MetricValueStatus
ResourceMetricSource: 1 name string, 2 target MetricTarget
ResourceMetricStatus: 1 name string, 2 current MetricValueStatus
# batch.v1
CronJob: 1 metadata meta.v1.ObjectMeta, 2 spec CronJobSpec, 3 status CronJobStatus
CronJobList: 1 metadata meta.v1.ListMeta, 2 items []CronJob
CronJobSpec: 1 schedule string, 8 timeZone *string, 2 startingDeadlineSeconds *int64, 3 concurrencyPolicy string, 4 suspend *bool, 5 jobTemplate JobTemplateSpec, 6 successfulJobsHistoryLimit *int32, 7 failedJobsHistoryLimit *int32
CronJobStatus: 1 active []core.v1.ObjectReference, 4 lastScheduleTime *meta.v1.Time, 5 lastSuccessfulTime *meta.v1.Time
Job: 1 metadata meta.v1.ObjectMeta, 2 spec JobSpec, 3 status JobStatus
JobCondition: 1 type string, 2 status string, 3 lastProbeTime meta.v1.Time, 4 lastTransitionTime meta.v1.Time, 5 reason string, 6 message string
JobList: 1 metadata meta.v1.ListMeta, 2 items []Job
JobSchedulingConfiguration: 1 schedulingPolicy *scheduling.v1alpha3.WorkloadPodGroupSchedulingPolicy, 2 schedulingConstraints *scheduling.v1alpha3.WorkloadPodGroupSchedulingConstraints, 3 disruptionMode *scheduling.v1alpha3.WorkloadPodGroupDisruptionMode, 4 resourceClaims []scheduling.v1alpha3.WorkloadPodGroupResourceClaim
JobSpec: 1 parallelism *int32, 2 completions *int32, 3 activeDeadlineSeconds *int64, 11 podFailurePolicy *PodFailurePolicy, 16 successPolicy *SuccessPolicy, 7 backoffLimit *int32, 12 backoffLimitPerIndex *int32, 13 maxFailedIndexes *int32, 4 selector *meta.v1.LabelSelector, 5 manualSelector *bool, 6 template core.v1.PodTemplateSpec, 8 ttlSecondsAfterFinished *int32, 9 completionMode *string, 10 suspend *bool, 14 podReplacementPolicy *string, 15 managedBy *string, 17 scheduling *JobSchedulingConfiguration
JobStatus: 1 conditions []JobCondition, 2 startTime *meta.v1.Time, 3 completionTime *meta.v1.Time, 4 active int32, 5 succeeded int32, 6 failed int32, 11 terminating *int32, 7 completedIndexes string, 10 failedIndexes *string, 8 uncountedTerminatedPods *UncountedTerminatedPods, 9 ready *int32
JobTemplateSpec: 1 metadata meta.v1.ObjectMeta, 2 spec JobSpec
PodFailurePolicy: 1 rules []PodFailurePolicyRule
PodFailurePolicyOnExitCodesRequirement: 1 containerName *string, 2 operator string, 3 values []int32
PodFailurePolicyOnPodConditionsPattern: 1 type string, 2 status string
PodFailurePolicyRule: 1 action string, 2 onExitCodes *PodFailurePolicyOnExitCodesRequirement, 3 onPodConditions []PodFailurePolicyOnPodConditionsPattern
SuccessPolicy: 1 rules []SuccessPolicyRule
SuccessPolicyRule: 1 succeededIndexes *string, 2 succeededCount *int32
UncountedTerminatedPods: 1 succeeded []string, 2 failed []string
# certificates.v1
CertificateSigningRequest: 1 metadata meta.v1.ObjectMeta, 2 spec CertificateSigningRequestSpec, 3 status CertificateSigningRequestStatus
CertificateSigningRequestCondition: 1 type string, 6 status string, 2 reason string, 3 message string, 4 lastUpdateTime meta.v1.Time, 5 lastTransitionTime meta.v1.Time
CertificateSigningRequestList: 1 metadata meta.v1.ListMeta, 2 items []CertificateSigningRequest
CertificateSigningRequestSpec: 1 request bytes, 7 signerName string, 8 expirationSeconds *int32, 5 usages []string, 2 username string, 3 uid string, 4 groups []string, 6 extra {}ExtraValue
CertificateSigningRequestStatus: 1 conditions []CertificateSigningRequestCondition, 2 certificate bytes
ClusterTrustBundle: 1 metadata meta.v1.ObjectMeta, 2 spec ClusterTrustBundleSpec
ClusterTrustBundleList: 1 metadata meta.v1.ListMeta, 2 items []ClusterTrustBundle
ClusterTrustBundleSpec: 1 signerName string, 2 trustBundle string
ExtraValue: 1 items []string
PodCertificateRequest: 1 metadata meta.v1.ObjectMeta, 2 spec PodCertificateRequestSpec, 3 status PodCertificateRequestStatus
PodCertificateRequestList: 1 metadata meta.v1.ListMeta, 2 items []PodCertificateRequest
PodCertificateRequestSpec: 1 signerName string, 2 podName string, 3 podUID string, 4 serviceAccountName string, 5 serviceAccountUID string, 6 nodeName string, 7 nodeUID string, 8 maxExpirationSeconds *int32, 12 stubPKCS10Request bytes, 11 unverifiedUserAnnotations {}string
PodCertificateRequestStatus: 1 conditions []meta.v1.Condition, 2 certificateChain string, 4 notBefore *meta.v1.Time, 5 beginRefreshAt *meta.v1.Time, 6 notAfter *meta.v1.Time
# certificates.v1alpha1
ClusterTrustBundle: 1 metadata meta.v1.ObjectMeta, 2 spec ClusterTrustBundleSpec
ClusterTrustBundleList: 1 metadata meta.v1.ListMeta, 2 items []ClusterTrustBundle
ClusterTrustBundleSpec: 1 signerName string, 2 trustBundle string
# certificates.v1beta1
CertificateSigningRequest: 1 metadata meta.v1.ObjectMeta, 2 spec CertificateSigningRequestSpec, 3 status CertificateSigningRequestStatus
CertificateSigningRequestCondition: 1 type string, 6 status string, 2 reason string, 3 message string, 4 lastUpdateTime meta.v1.Time, 5 lastTransitionTime meta.v1.Time
CertificateSigningRequestList: 1 metadata meta.v1.ListMeta, 2 items []CertificateSigningRequest
CertificateSigningRequestSpec: 1 request bytes, 7 signerName *string, 8 expirationSeconds *int32, 5 usages []string, 2 username string, 3 uid string, 4 groups []string, 6 extra {}ExtraValue
CertificateSigningRequestStatus: 1 conditions []CertificateSigningRequestCondition, 2 certificate bytes
ClusterTrustBundle: 1 metadata meta.v1.ObjectMeta, 2 spec ClusterTrustBundleSpec
ClusterTrustBundleList: 1 metadata meta.v1.ListMeta, 2 items []ClusterTrustBundle
ClusterTrustBundleSpec: 1 signerName string, 2 trustBundle string
ExtraValue: 1 items []string
PodCertificateRequest: 1 metadata meta.v1.ObjectMeta, 2 spec PodCertificateRequestSpec, 3 status PodCertificateRequestStatus
PodCertificateRequestList: 1 metadata meta.v1.ListMeta, 2 items []PodCertificateRequest
PodCertificateRequestSpec: 1 signerName string, 2 podName string, 3 podUID string, 4 serviceAccountName string, 5 serviceAccountUID string, 6 nodeName string, 7 nodeUID string, 8 maxExpirationSeconds *int32, 9 pkixPublicKey bytes, 10 proofOfPossession bytes, 12 stubPKCS10Request bytes, 11 unverifiedUserAnnotations {}string
PodCertificateRequestStatus: 1 conditions []meta.v1.Condition, 2 certificateChain string, 4 notBefore *meta.v1.Time, 5 beginRefreshAt *meta.v1.Time, 6 notAfter *meta.v1.Time
# coordination.v1
Lease: 1 metadata meta.v1.ObjectMeta, 2 spec LeaseSpec
LeaseList: 1 metadata meta.v1.ListMeta, 2 items []Lease
LeaseSpec: 1 holderIdentity *string, 2 leaseDurationSeconds *int32, 3 acquireTime *meta.v1.MicroTime, 4 renewTime *meta.v1.MicroTime, 5 leaseTransitions *int32, 6 strategy *string, 7 preferredHolder *string
# core.v1
AWSElasticBlockStoreVolumeSource: 1 volumeID string, 2 fsType string, 3 partition int32, 4 readOnly bool
Affinity: 1 nodeAffinity *NodeAffinity, 2 podAffinity *PodAffinity, 3 podAntiAffinity *PodAntiAffinity
AppArmorProfile: 1 type string, 2 localhostProfile *string
AttachedVolume: 1 name string, 2 devicePath string
AvoidPods: 1 preferAvoidPods []PreferAvoidPodsEntry
AzureDiskVolumeSource: 1 diskName string, 2 diskURI string, 3 cachingMode *string, 4 fsType *string, 5 readOnly *bool, 6 kind *string
AzureFilePersistentVolumeSource: 1 secretName string, 2 shareName string, 3 readOnly bool, 4 secretNamespace *string
AzureFileVolumeSource: 1 secretName string, 2 shareName string, 3 readOnly bool
Binding: 1 metadata meta.v1.ObjectMeta, 2 target ObjectReference
CSIPersistentVolumeSource: 1 driver string, 2 volumeHandle string, 3 readOnly bool, 4 fsType string, 5 volumeAttributes {}string, 6 controllerPublishSecretRef *SecretReference, 7 nodeStageSecretRef *SecretReference, 8 nodePublishSecretRef *SecretReference, 9 controllerExpandSecretRef *SecretReference, 10 nodeExpandSecretRef *SecretReference
CSIVolumeSource: 1 driver string, 2 readOnly *bool, 3 fsType *string, 4 volumeAttributes {}string, 5 nodePublishSecretRef *LocalObjectReference
Capabilities: 1 add []string, 2 drop []string
CephFSPersistentVolumeSource: 1 monitors []string, 2 path string, 3 user string, 4 secretFile string, 5 secretRef *SecretReference, 6 readOnly bool
CephFSVolumeSource: 1 monitors []string, 2 path string, 3 user string, 4 secretFile string, 5 secretRef *LocalObjectReference, 6 readOnly bool
CinderPersistentVolumeSource: 1 volumeID string, 2 fsType string, 3 readOnly bool, 4 secretRef *SecretReference
CinderVolumeSource: 1 volumeID string, 2 fsType string, 3 readOnly bool, 4 secretRef *LocalObjectReference
ClientIPConfig: 1 timeoutSeconds *int32
ClusterTrustBundleProjection: 1 name *string, 2 signerName *string, 3 labelSelector *meta.v1.LabelSelector, 5 optional *bool, 4 path string, 6 user *int64
ComponentCondition: 1 type string, 2 status string, 3 message string, 4 error string
ComponentStatus: 1 metadata meta.v1.ObjectMeta, 2 conditions []ComponentCondition
ComponentStatusList: 1 metadata meta.v1.ListMeta, 2 items []ComponentStatus
ConfigMap: 1 metadata meta.v1.ObjectMeta, 4 immutable *bool, 2 data {}string, 3 binaryData {}bytes
ConfigMapEnvSource: 1 localObjectReference ^LocalObjectReference, 2 optional *bool
ConfigMapKeySelector: 1 localObjectReference ^LocalObjectReference, 2 key string, 3 optional *bool
ConfigMapList: 1 metadata meta.v1.ListMeta, 2 items []ConfigMap
ConfigMapNodeConfigSource: 1 namespace string, 2 name string, 3 uid string, 4 resourceVersion string, 5 kubeletConfigKey string
ConfigMapProjection: 1 localObjectReference ^LocalObjectReference, 2 items []KeyToPath, 4 optional *bool
ConfigMapVolumeSource: 1 localObjectReference ^LocalObjectReference, 2 items []KeyToPath, 3 defaultMode *int32, 4 optional *bool, 5 defaultUser *int64
Container: 1 name string, 2 image string, 3 command []string, 4 args []string, 5 workingDir string, 6 ports []ContainerPort, 19 envFrom []EnvFromSource, 7 env []EnvVar, 8 resources ResourceRequirements, 23 resizePolicy []ContainerResizePolicy, 24 restartPolicy *string, 25 restartPolicyRules []ContainerRestartRule, 9 volumeMounts []VolumeMount, 21 volumeDevices []VolumeDevice, 10 livenessProbe *Probe, 11 readinessProbe *Probe, 22 startupProbe *Probe, 12 lifecycle *Lifecycle, 13 terminationMessagePath string, 20 terminationMessagePolicy string, 14 imagePullPolicy string, 15 securityContext *SecurityContext, 16 stdin bool, 17 stdinOnce bool, 18 tty bool
ContainerExtendedResourceRequest: 1 containerName string, 2 resourceName string, 3 requestName string
ContainerImage: 1 names []string, 2 sizeBytes int64
ContainerPort: 1 name string, 2 hostPort int32, 3 containerPort int32, 4 protocol string, 5 hostIP string
ContainerResizePolicy: 1 resourceName string, 2 restartPolicy string
ContainerRestartRule: 1 action string, 2 exitCodes ContainerRestartRuleOnExitCodes
ContainerRestartRuleOnExitCodes: 1 operator string, 2 values []int32
ContainerState: 1 waiting *ContainerStateWaiting, 2 running *ContainerStateRunning, 3 terminated *ContainerStateTerminated
ContainerStateRunning: 1 startedAt meta.v1.Time
ContainerStateTerminated: 1 exitCode int32, 2 signal int32, 3 reason string, 4 message string, 5 startedAt meta.v1.Time, 6 finishedAt meta.v1.Time, 7 containerID string
ContainerStateWaiting: 1 reason string, 2 message string
ContainerStatus: 1 name string, 2 state ContainerState, 3 lastState ContainerState, 4 ready bool, 5 restartCount int32, 6 image string, 7 imageID string, 8 containerID string, 9 started *bool, 10 allocatedResources {}resource.Quantity, 11 resources *ResourceRequirements, 12 volumeMounts []VolumeMountStatus, 13 user *ContainerUser, 14 allocatedResourcesStatus []ResourceStatus, 15 stopSignal *string
ContainerUser: 1 linux *LinuxContainerUser
DaemonEndpoint: 1 Port int32
DownwardAPIProjection: 1 items []DownwardAPIVolumeFile
DownwardAPIVolumeFile: 1 path string, 2 fieldRef *ObjectFieldSelector, 3 resourceFieldRef *ResourceFieldSelector, 4 mode *int32, 5 user *int64
DownwardAPIVolumeSource: 1 items []DownwardAPIVolumeFile, 2 defaultMode *int32, 3 defaultUser *int64
EmptyDirVolumeSource: 1 medium string, 2 sizeLimit *resource.Quantity, 3 mode *int32
EndpointAddress: 1 ip string, 3 hostname string, 4 nodeName *string, 2 targetRef *ObjectReference
EndpointPort: 1 name string, 2 port int32, 3 protocol string, 4 appProtocol *string
EndpointSubset: 1 addresses []EndpointAddress, 2 notReadyAddresses []EndpointAddress, 3 ports []EndpointPort
Endpoints: 1 metadata meta.v1.ObjectMeta, 2 subsets []EndpointSubset
EndpointsList: 1 metadata meta.v1.ListMeta, 2 items []Endpoints
EnvFromSource: 1 prefix string, 2 configMapRef *ConfigMapEnvSource, 3 secretRef *SecretEnvSource
EnvVar: 1 name string, 2 value string, 3 valueFrom *EnvVarSource
EnvVarSource: 1 fieldRef *ObjectFieldSelector, 2 resourceFieldRef *ResourceFieldSelector, 3 configMapKeyRef *ConfigMapKeySelector, 4 secretKeyRef *SecretKeySelector, 5 fileKeyRef *FileKeySelector
EphemeralContainer: 1 ephemeralContainerCommon ^EphemeralContainerCommon, 2 targetContainerName string
EphemeralContainerCommon: 1 name string, 2 image string, 3 command []string, 4 args []string, 5 workingDir string, 6 ports []ContainerPort, 19 envFrom []EnvFromSource, 7 env []EnvVar, 8 resources ResourceRequirements, 23 resizePolicy []ContainerResizePolicy, 24 restartPolicy *string, 25 restartPolicyRules []ContainerRestartRule, 9 volumeMounts []VolumeMount, 21 volumeDevices []VolumeDevice, 10 livenessProbe *Probe, 11 readinessProbe *Probe, 22 startupProbe *Probe, 12 lifecycle *Lifecycle, 13 terminationMessagePath string, 20 terminationMessagePolicy string, 14 imagePullPolicy string, 15 securityContext *SecurityContext, 16 stdin bool, 17 stdinOnce bool, 18 tty bool
EphemeralVolumeSource: 1 volumeClaimTemplate *PersistentVolumeClaimTemplate
Event: 1 metadata meta.v1.ObjectMeta, 2 involvedObject ObjectReference, 3 reason string, 4 message string, 5 source EventSource, 6 firstTimestamp meta.v1.Time, 7 lastTimestamp meta.v1.Time, 8 count int32, 9 type string, 10 eventTime meta.v1.MicroTime, 11 series *EventSeries, 12 action string, 13 related *ObjectReference, 14 reportingComponent string, 15 reportingInstance string
EventList: 1 metadata meta.v1.ListMeta, 2 items []Event
EventSeries: 1 count int32, 2 lastObservedTime meta.v1.MicroTime
EventSource: 1 component string, 2 host string
EvictionResponder: 1 name string, 2 priority *int32
ExecAction: 1 command []string
FCVolumeSource: 1 targetWWNs []string, 2 lun *int32, 3 fsType string, 4 readOnly bool, 5 wwids []string
FileKeySelector: 1 volumeName string, 2 path string, 3 key string, 4 optional *bool
FlexPersistentVolumeSource: 1 driver string, 2 fsType string, 3 secretRef *SecretReference, 4 readOnly bool, 5 options {}string
FlexVolumeSource: 1 driver string, 2 fsType string, 3 secretRef *LocalObjectReference, 4 readOnly bool, 5 options {}string
FlockerVolumeSource: 1 datasetName string, 2 datasetUUID string
GCEPersistentDiskVolumeSource: 1 pdName string, 2 fsType string, 3 partition int32, 4 readOnly bool
GRPCAction: 1 port int32, 2 service *string, 3 mode *string
GitRepoVolumeSource: 1 repository string, 2 revision string, 3 directory string
GlusterfsPersistentVolumeSource: 1 endpoints string, 2 path string, 3 readOnly bool, 4 endpointsNamespace *string
GlusterfsVolumeSource: 1 endpoints string, 2 path string, 3 readOnly bool
HTTPGetAction: 1 path string, 2 port intstr.IntOrString, 3 host string, 4 scheme string, 5 httpHeaders []HTTPHeader, 6 protocol *string
HTTPHeader: 1 name string, 2 value string
HostAlias: 1 ip string, 2 hostnames []string
HostIP: 1 ip string
HostPathVolumeSource: 1 path string, 2 type *string
ISCSIPersistentVolumeSource: 1 targetPortal string, 2 iqn string, 3 lun int32, 4 iscsiInterface string, 5 fsType string, 6 readOnly bool, 7 portals []string, 8 chapAuthDiscovery bool, 11 chapAuthSession bool, 10 secretRef *SecretReference, 12 initiatorName *string
ISCSIVolumeSource: 1 targetPortal string, 2 iqn string, 3 lun int32, 4 iscsiInterface string, 5 fsType string, 6 readOnly bool, 7 portals []string, 8 chapAuthDiscovery bool, 11 chapAuthSession bool, 10 secretRef *LocalObjectReference, 12 initiatorName *string
ImageVolumeSource: 1 reference string, 2 pullPolicy string
ImageVolumeStatus: 1 imageRef string
KeyToPath: 1 key string, 2 path string, 3 mode *int32, 4 user *int64
Lifecycle: 1 postStart *LifecycleHandler, 2 preStop *LifecycleHandler, 3 stopSignal *string
LifecycleHandler: 1 exec *ExecAction, 2 httpGet *HTTPGetAction, 3 tcpSocket *TCPSocketAction, 4 sleep *SleepAction
LimitRange: 1 metadata meta.v1.ObjectMeta, 2 spec LimitRangeSpec
LimitRangeItem: 1 type string, 2 max {}resource.Quantity, 3 min {}resource.Quantity, 4 default {}resource.Quantity, 5 defaultRequest {}resource.Quantity, 6 maxLimitRequestRatio {}resource.Quantity
LimitRangeList: 1 metadata meta.v1.ListMeta, 2 items []LimitRange
LimitRangeSpec: 1 limits []LimitRangeItem
LinuxContainerUser: 1 uid int64, 2 gid int64, 3 supplementalGroups []int64
List: 1 metadata meta.v1.ListMeta, 2 items []runtime.RawExtension
LoadBalancerIngress: 1 ip string, 2 hostname string, 3 ipMode *string, 4 ports []PortStatus
LoadBalancerStatus: 1 ingress []LoadBalancerIngress
LocalObjectReference: 1 name string
LocalVolumeSource: 1 path string, 2 fsType *string
ModifyVolumeStatus: 1 targetVolumeAttributesClassName string, 2 status string
NFSVolumeSource: 1 server string, 2 path string, 3 readOnly bool
Namespace: 1 metadata meta.v1.ObjectMeta, 2 spec NamespaceSpec, 3 status NamespaceStatus
NamespaceCondition: 1 type string, 2 status string, 4 lastTransitionTime meta.v1.Time, 5 reason string, 6 message string
NamespaceList: 1 metadata meta.v1.ListMeta, 2 items []Namespace
NamespaceSpec: 1 finalizers []string
NamespaceStatus: 1 phase string, 2 conditions []NamespaceCondition
Node: 1 metadata meta.v1.ObjectMeta, 2 spec NodeSpec, 3 status NodeStatus
NodeAddress: 1 type string, 2 address string
NodeAffinity: 1 requiredDuringSchedulingIgnoredDuringExecution *NodeSelector, 2 preferredDuringSchedulingIgnoredDuringExecution []PreferredSchedulingTerm
NodeAllocatableMappedResources: 1 name string, 2 quantity *resource.Quantity
NodeAllocatableOverheadResources: 1 name string, 2 perPod *resource.Quantity, 3 perContainer *resource.Quantity
NodeAllocatableResourceClaimStatus: 1 resourceClaimName string, 2 containers []string, 4 mapping []NodeAllocatableMappedResources, 5 overhead []NodeAllocatableOverheadResources
NodeCondition: 1 type string, 2 status string, 3 lastHeartbeatTime meta.v1.Time, 4 lastTransitionTime meta.v1.Time, 5 reason string, 6 message string
NodeConfigSource: 2 configMap *ConfigMapNodeConfigSource
NodeConfigStatus: 1 assigned *NodeConfigSource, 2 active *NodeConfigSource, 3 lastKnownGood *NodeConfigSource, 4 error string
NodeDaemonEndpoints: 1 kubeletEndpoint DaemonEndpoint
NodeFeatures: 1 supplementalGroupsPolicy *bool
NodeList: 1 metadata meta.v1.ListMeta, 2 items []Node
NodePodPreemptionPolicy: 1 disableResizePreemption []string
NodeProxyOptions: 1 path string
NodeRuntimeHandler: 1 name string, 2 features *NodeRuntimeHandlerFeatures
NodeRuntimeHandlerFeatures: 1 recursiveReadOnlyMounts *bool, 2 userNamespaces *bool
NodeSelector: 1 nodeSelectorTerms []NodeSelectorTerm
NodeSelectorRequirement: 1 key string, 2 operator string, 3 values []string
NodeSelectorTerm: 1 matchExpressions []NodeSelectorRequirement, 2 matchFields []NodeSelectorRequirement
NodeSpec: 1 podCIDR string, 7 podCIDRs []string, 3 providerID string, 4 unschedulable bool, 5 taints []Taint, 6 configSource *NodeConfigSource, 2 externalID string, 8 podPreemptionPolicy *NodePodPreemptionPolicy
NodeStatus: 1 capacity {}resource.Quantity, 2 allocatable {}resource.Quantity, 3 phase string, 4 conditions []NodeCondition, 5 addresses []NodeAddress, 6 daemonEndpoints NodeDaemonEndpoints, 7 nodeInfo NodeSystemInfo, 8 images []ContainerImage, 9 volumesInUse []string, 10 volumesAttached []AttachedVolume, 11 config *NodeConfigStatus, 12 runtimeHandlers []NodeRuntimeHandler, 13 features *NodeFeatures, 14 declaredFeatures []string
NodeSwapStatus: 1 capacity *int64
NodeSystemInfo: 1 machineID string, 2 systemUUID string, 3 bootID string, 4 kernelVersion string, 5 osImage string, 6 containerRuntimeVersion string, 7 kubeletVersion string, 8 kubeProxyVersion string, 9 operatingSystem string, 10 architecture string, 11 swap *NodeSwapStatus, 12 runningInUserNamespace *bool
ObjectFieldSelector: 1 apiVersion string, 2 fieldPath string
ObjectReference: 1 kind string, 2 namespace string, 3 name string, 4 uid string, 5 apiVersion string, 6 resourceVersion string, 7 fieldPath string
PersistentVolume: 1 metadata meta.v1.ObjectMeta, 2 spec PersistentVolumeSpec, 3 status PersistentVolumeStatus
PersistentVolumeClaim: 1 metadata meta.v1.ObjectMeta, 2 spec PersistentVolumeClaimSpec, 3 status PersistentVolumeClaimStatus
PersistentVolumeClaimCondition: 1 type string, 2 status string, 3 lastProbeTime meta.v1.Time, 4 lastTransitionTime meta.v1.Time, 5 reason string, 6 message string
PersistentVolumeClaimList: 1 metadata meta.v1.ListMeta, 2 items []PersistentVolumeClaim
PersistentVolumeClaimSpec: 1 accessModes []string, 4 selector *meta.v1.LabelSelector, 2 resources VolumeResourceRequirements, 3 volumeName string, 5 storageClassName *string, 6 volumeMode *string, 7 dataSource *TypedLocalObjectReference, 8 dataSourceRef *TypedObjectReference, 9 volumeAttributesClassName *string
PersistentVolumeClaimStatus: 1 phase string, 2 accessModes []string, 3 capacity {}resource.Quantity, 4 conditions []PersistentVolumeClaimCondition, 5 allocatedResources {}resource.Quantity, 7 allocatedResourceStatuses {}string, 8 currentVolumeAttributesClassName *string, 9 modifyVolumeStatus *ModifyVolumeStatus, 10 healthStatus *VolumeHealthStatus
PersistentVolumeClaimTemplate: 1 metadata meta.v1.ObjectMeta, 2 spec PersistentVolumeClaimSpec
PersistentVolumeClaimVolumeSource: 1 claimName string, 2 readOnly bool
PersistentVolumeList: 1 metadata meta.v1.ListMeta, 2 items []PersistentVolume
PersistentVolumeSource: 1 gcePersistentDisk *GCEPersistentDiskVolumeSource, 2 awsElasticBlockStore *AWSElasticBlockStoreVolumeSource, 3 hostPath *HostPathVolumeSource, 4 glusterfs *GlusterfsPersistentVolumeSource, 5 nfs *NFSVolumeSource, 6 rbd *RBDPersistentVolumeSource, 7 iscsi *ISCSIPersistentVolumeSource, 8 cinder *CinderPersistentVolumeSource, 9 cephfs *CephFSPersistentVolumeSource, 10 fc *FCVolumeSource, 11 flocker *FlockerVolumeSource, 12 flexVolume *FlexPersistentVolumeSource, 13 azureFile *AzureFilePersistentVolumeSource, 14 vsphereVolume *VsphereVirtualDiskVolumeSource, 15 quobyte *QuobyteVolumeSource, 16 azureDisk *AzureDiskVolumeSource, 17 photonPersistentDisk *PhotonPersistentDiskVolumeSource, 18 portworxVolume *PortworxVolumeSource, 19 scaleIO *ScaleIOPersistentVolumeSource, 20 local *LocalVolumeSource, 21 storageos *StorageOSPersistentVolumeSource, 22 csi *CSIPersistentVolumeSource
PersistentVolumeSpec: 1 capacity {}resource.Quantity, 2 persistentVolumeSource ^PersistentVolumeSource, 3 accessModes []string, 4 claimRef *ObjectReference, 5 persistentVolumeReclaimPolicy string, 6 storageClassName string, 7 mountOptions []string, 8 volumeMode *string, 9 nodeAffinity *VolumeNodeAffinity, 10 volumeAttributesClassName *string
PersistentVolumeStatus: 1 phase string, 2 message string, 3 reason string, 4 lastPhaseTransitionTime *meta.v1.Time
PhotonPersistentDiskVolumeSource: 1 pdID string, 2 fsType string
Pod: 1 metadata meta.v1.ObjectMeta, 2 spec PodSpec, 3 status PodStatus
PodAffinity: 1 requiredDuringSchedulingIgnoredDuringExecution []PodAffinityTerm, 2 preferredDuringSchedulingIgnoredDuringExecution []WeightedPodAffinityTerm
PodAffinityTerm: 1 labelSelector *meta.v1.LabelSelector, 2 namespaces []string, 3 topologyKey string, 4 namespaceSelector *meta.v1.LabelSelector, 5 matchLabelKeys []string, 6 mismatchLabelKeys []string
PodAntiAffinity: 1 requiredDuringSchedulingIgnoredDuringExecution []PodAffinityTerm, 2 preferredDuringSchedulingIgnoredDuringExecution []WeightedPodAffinityTerm
PodAttachOptions: 1 stdin bool, 2 stdout bool, 3 stderr bool, 4 tty bool, 5 container string
PodCertificateProjection: 1 signerName string, 2 keyType string, 3 maxExpirationSeconds *int32, 4 credentialBundlePath string, 5 keyPath string, 6 certificateChainPath string, 7 userAnnotations {}string, 8 user *int64
PodCondition: 1 type string, 7 observedGeneration int64, 2 status string, 3 lastProbeTime meta.v1.Time, 4 lastTransitionTime meta.v1.Time, 5 reason string, 6 message string
PodDNSConfig: 1 nameservers []string, 2 searches []string, 3 options []PodDNSConfigOption
PodDNSConfigOption: 1 name string, 2 value *string
PodExecOptions: 1 stdin bool, 2 stdout bool, 3 stderr bool, 4 tty bool, 5 container string, 6 command []string
PodExtendedResourceClaimStatus: 1 requestMappings []ContainerExtendedResourceRequest, 2 resourceClaimName string
PodIP: 1 ip string
PodList: 1 metadata meta.v1.ListMeta, 2 items []Pod
PodLogOptions: 1 container string, 2 follow bool, 3 previous bool, 4 sinceSeconds *int64, 5 sinceTime *meta.v1.Time, 6 timestamps bool, 7 tailLines *int64, 8 limitBytes *int64, 9 insecureSkipTLSVerifyBackend bool, 10 stream *string
PodOS: 1 name string
PodPortForwardOptions: 1 ports []int32
PodProxyOptions: 1 path string
PodReadinessGate: 1 conditionType string
PodResourceClaim: 1 name string, 3 resourceClaimName *string, 4 resourceClaimTemplateName *string
PodResourceClaimStatus: 1 name string, 2 resourceClaimName *string
PodSchedulingGate: 1 name string
PodSchedulingGroup: 1 podGroupName *string
PodSecurityContext: 1 seLinuxOptions *SELinuxOptions, 8 windowsOptions *WindowsSecurityContextOptions, 2 runAsUser *int64, 6 runAsGroup *int64, 3 runAsNonRoot *bool, 4 supplementalGroups []int64, 12 supplementalGroupsPolicy *string, 5 fsGroup *int64, 7 sysctls []Sysctl, 9 fsGroupChangePolicy *string, 10 seccompProfile *SeccompProfile, 11 appArmorProfile *AppArmorProfile, 13 seLinuxChangePolicy *string
PodSignature: 1 podController *meta.v1.OwnerReference
PodSpec: 1 volumes []Volume, 20 initContainers []Container, 2 containers []Container, 34 ephemeralContainers []EphemeralContainer, 3 restartPolicy string, 4 terminationGracePeriodSeconds *int64, 5 activeDeadlineSeconds *int64, 6 dnsPolicy string, 7 nodeSelector {}string, 8 serviceAccountName string, 9 serviceAccount string, 21 automountServiceAccountToken *bool, 10 nodeName string, 11 hostNetwork bool, 12 hostPID bool, 13 hostIPC bool, 27 shareProcessNamespace *bool, 14 securityContext *PodSecurityContext, 15 imagePullSecrets []LocalObjectReference, 16 hostname string, 17 subdomain string, 18 affinity *Affinity, 19 schedulerName string, 22 tolerations []Toleration, 23 hostAliases []HostAlias, 24 priorityClassName string, 25 priority *int32, 26 dnsConfig *PodDNSConfig, 28 readinessGates []PodReadinessGate, 29 runtimeClassName *string, 30 enableServiceLinks *bool, 31 preemptionPolicy *string, 32 overhead {}resource.Quantity, 33 topologySpreadConstraints []TopologySpreadConstraint, 35 setHostnameAsFQDN *bool, 36 os *PodOS, 37 hostUsers *bool, 38 schedulingGates []PodSchedulingGate, 39 resourceClaims []PodResourceClaim, 40 resources *ResourceRequirements, 41 hostnameOverride *string, 43 schedulingGroup *PodSchedulingGroup, 44 evictionResponders []EvictionResponder
PodStatus: 17 observedGeneration int64, 1 phase string, 2 conditions []PodCondition, 3 message string, 4 reason string, 11 nominatedNodeName string, 5 hostIP string, 16 hostIPs []HostIP, 6 podIP string, 12 podIPs []PodIP, 7 startTime *meta.v1.Time, 10 initContainerStatuses []ContainerStatus, 8 containerStatuses []ContainerStatus, 9 qosClass string, 13 ephemeralContainerStatuses []ContainerStatus, 14 resize string, 15 resourceClaimStatuses []PodResourceClaimStatus, 18 extendedResourceClaimStatus *PodExtendedResourceClaimStatus, 19 allocatedResources {}resource.Quantity, 20 resources *ResourceRequirements, 21 nodeAllocatableResourceClaimStatuses []NodeAllocatableResourceClaimStatus, 22 volumeHealth []PodVolumeHealth
PodTemplate: 1 metadata meta.v1.ObjectMeta, 2 template PodTemplateSpec
PodTemplateList: 1 metadata meta.v1.ListMeta, 2 items []PodTemplate
PodTemplateSpec: 1 metadata meta.v1.ObjectMeta, 2 spec PodSpec
PodVolumeHealth: 1 name string, 2 healthConditions []VolumeHealthCondition, 3 lastTransitionTime meta.v1.Time
PortStatus: 1 port int32, 2 protocol string, 3 error *string
PortworxVolumeSource: 1 volumeID string, 2 fsType string, 3 readOnly bool
Preconditions: 1 uid *string
PreferAvoidPodsEntry: 1 podSignature PodSignature, 2 evictionTime meta.v1.Time, 3 reason string, 4 message string
PreferredSchedulingTerm: 1 weight int32, 2 preference NodeSelectorTerm
Probe: 1 handler ^ProbeHandler, 2 initialDelaySeconds int32, 3 timeoutSeconds int32, 4 periodSeconds int32, 5 successThreshold int32, 6 failureThreshold int32, 7 terminationGracePeriodSeconds *int64
ProbeHandler: 1 exec *ExecAction, 2 httpGet *HTTPGetAction, 3 tcpSocket *TCPSocketAction, 4 grpc *GRPCAction
ProjectedVolumeSource: 1 sources []VolumeProjection, 2 defaultMode *int32, 3 defaultUser *int64
QuobyteVolumeSource: 1 registry string, 2 volume string, 3 readOnly bool, 4 user string, 5 group string, 6 tenant string
RBDPersistentVolumeSource: 1 monitors []string, 2 image string, 3 fsType string, 4 pool string, 5 user string, 6 keyring string, 7 secretRef *SecretReference, 8 readOnly bool
RBDVolumeSource: 1 monitors []string, 2 image string, 3 fsType string, 4 pool string, 5 user string, 6 keyring string, 7 secretRef *LocalObjectReference, 8 readOnly bool
RangeAllocation: 1 metadata meta.v1.ObjectMeta, 2 range string, 3 data bytes
ReplicationController: 1 metadata meta.v1.ObjectMeta, 2 spec ReplicationControllerSpec, 3 status ReplicationControllerStatus
ReplicationControllerCondition: 1 type string, 2 status string, 3 lastTransitionTime meta.v1.Time, 4 reason string, 5 message string
ReplicationControllerList: 1 metadata meta.v1.ListMeta, 2 items []ReplicationController
ReplicationControllerSpec: 1 replicas *int32, 4 minReadySeconds int32, 2 selector {}string, 3 template *PodTemplateSpec
ReplicationControllerStatus: 1 replicas int32, 2 fullyLabeledReplicas int32, 4 readyReplicas int32, 5 availableReplicas int32, 3 observedGeneration int64, 6 conditions []ReplicationControllerCondition
ResourceClaim: 1 name string, 2 request string
ResourceFieldSelector: 1 containerName string, 2 resource string, 3 divisor resource.Quantity
ResourceHealth: 1 resourceID string, 2 health string, 6 message *string
ResourceQuota: 1 metadata meta.v1.ObjectMeta, 2 spec ResourceQuotaSpec, 3 status ResourceQuotaStatus
ResourceQuotaList: 1 metadata meta.v1.ListMeta, 2 items []ResourceQuota
ResourceQuotaSpec: 1 hard {}resource.Quantity, 2 scopes []string, 3 scopeSelector *ScopeSelector
ResourceQuotaStatus: 1 hard {}resource.Quantity, 2 used {}resource.Quantity
ResourceRequirements: 1 limits {}resource.Quantity, 2 requests {}resource.Quantity, 3 claims []ResourceClaim
ResourceStatus: 1 name string, 2 resources []ResourceHealth
SELinuxOptions: 1 user string, 2 role string, 3 type string, 4 level string
ScaleIOPersistentVolumeSource: 1 gateway string, 2 system string, 3 secretRef *SecretReference, 4 sslEnabled bool, 5 protectionDomain string, 6 storagePool string, 7 storageMode string, 8 volumeName string, 9 fsType string, 10 readOnly bool
ScaleIOVolumeSource: 1 gateway string, 2 system string, 3 secretRef *LocalObjectReference, 4 sslEnabled bool, 5 protectionDomain string, 6 storagePool string, 7 storageMode string, 8 volumeName string, 9 fsType string, 10 readOnly bool
ScopeSelector: 1 matchExpressions []ScopedResourceSelectorRequirement
ScopedResourceSelectorRequirement: 1 scopeName string, 2 operator string, 3 values []string
SeccompProfile: 1 type string, 2 localhostProfile *string
Secret: 1 metadata meta.v1.ObjectMeta, 5 immutable *bool, 2 data {}bytes, 4 stringData {}string, 3 type string
SecretEnvSource: 1 localObjectReference ^LocalObjectReference, 2 optional *bool
SecretKeySelector: 1 localObjectReference ^LocalObjectReference, 2 key string, 3 optional *bool
SecretList: 1 metadata meta.v1.ListMeta, 2 items []Secret
SecretProjection: 1 localObjectReference ^LocalObjectReference, 2 items []KeyToPath, 4 optional *bool
SecretReference: 1 name string, 2 namespace string
SecretVolumeSource: 1 secretName string, 2 items []KeyToPath, 3 defaultMode *int32, 4 optional *bool, 5 defaultUser *int64
SecurityContext: 1 capabilities *Capabilities, 2 privileged *bool, 3 seLinuxOptions *SELinuxOptions, 10 windowsOptions *WindowsSecurityContextOptions, 4 runAsUser *int64, 8 runAsGroup *int64, 5 runAsNonRoot *bool, 6 readOnlyRootFilesystem *bool, 7 allowPrivilegeEscalation *bool, 9 procMount *string, 11 seccompProfile *SeccompProfile, 12 appArmorProfile *AppArmorProfile
SerializedReference: 1 reference ObjectReference
Service: 1 metadata meta.v1.ObjectMeta, 2 spec ServiceSpec, 3 status ServiceStatus
ServiceAccount: 1 metadata meta.v1.ObjectMeta, 2 secrets []ObjectReference, 3 imagePullSecrets []LocalObjectReference, 4 automountServiceAccountToken *bool
ServiceAccountList: 1 metadata meta.v1.ListMeta, 2 items []ServiceAccount
ServiceAccountTokenProjection: 1 audience string, 2 expirationSeconds *int64, 3 path string, 4 user *int64
ServiceList: 1 metadata meta.v1.ListMeta, 2 items []Service
ServicePort: 1 name string, 2 protocol string, 6 appProtocol *string, 3 port int32, 4 targetPort intstr.IntOrString, 5 nodePort int32
ServiceProxyOptions: 1 path string
ServiceSpec: 1 ports []ServicePort, 2 selector {}string, 3 clusterIP string, 18 clusterIPs []string, 4 type string, 5 externalIPs []string, 7 sessionAffinity string, 8 loadBalancerIP string, 9 loadBalancerSourceRanges []string, 10 externalName string, 11 externalTrafficPolicy string, 12 healthCheckNodePort int32, 13 publishNotReadyAddresses bool, 14 sessionAffinityConfig *SessionAffinityConfig, 19 ipFamilies []string, 17 ipFamilyPolicy *string, 20 allocateLoadBalancerNodePorts *bool, 21 loadBalancerClass *string, 22 internalTrafficPolicy *string, 23 trafficDistribution *string
ServiceStatus: 1 loadBalancer LoadBalancerStatus, 2 conditions []meta.v1.Condition
SessionAffinityConfig: 1 clientIP *ClientIPConfig
SleepAction: 1 seconds int64
StorageOSPersistentVolumeSource: 1 volumeName string, 2 volumeNamespace string, 3 fsType string, 4 readOnly bool, 5 secretRef *ObjectReference
StorageOSVolumeSource: 1 volumeName string, 2 volumeNamespace string, 3 fsType string, 4 readOnly bool, 5 secretRef *LocalObjectReference
Sysctl: 1 name string, 2 value string
TCPSocketAction: 1 port intstr.IntOrString, 2 host string
Taint: 1 key string, 2 value string, 3 effect string, 4 timeAdded *meta.v1.Time
Toleration: 1 key string, 2 operator string, 3 value string, 4 effect string, 5 tolerationSeconds *int64
TopologySelectorLabelRequirement: 1 key string, 2 values []string
TopologySelectorTerm: 1 matchLabelExpressions []TopologySelectorLabelRequirement
TopologySpreadConstraint: 1 maxSkew int32, 2 topologyKey string, 3 whenUnsatisfiable string, 4 labelSelector *meta.v1.LabelSelector, 5 minDomains *int32, 6 nodeAffinityPolicy *string, 7 nodeTaintsPolicy *string, 8 matchLabelKeys []string
TypedLocalObjectReference: 1 apiGroup *string, 2 kind string, 3 name string
TypedObjectReference: 1 apiGroup *string, 2 kind string, 3 name string, 4 namespace *string
Volume: 1 name string, 2 volumeSource ^VolumeSource
VolumeDevice: 1 name string, 2 devicePath string
VolumeHealthCondition: 1 status string, 2 reason string, 3 message string
VolumeHealthStatus: 1 healthConditions []VolumeHealthCondition, 2 lastTransitionTime meta.v1.Time
VolumeMount: 1 name string, 2 readOnly bool, 7 recursiveReadOnly *string, 3 mountPath string, 4 subPath string, 5 mountPropagation *string, 6 subPathExpr string, 8 bindMountOptions []string
VolumeMountStatus: 1 name string, 2 mountPath string, 3 readOnly bool, 4 recursiveReadOnly *string, 5 volumeStatus *VolumeStatus
VolumeNodeAffinity: 1 required *NodeSelector
VolumeProjection: 1 secret *SecretProjection, 2 downwardAPI *DownwardAPIProjection, 3 configMap *ConfigMapProjection, 4 serviceAccountToken *ServiceAccountTokenProjection, 5 clusterTrustBundle *ClusterTrustBundleProjection, 6 podCertificate *PodCertificateProjection
VolumeResourceRequirements: 1 limits {}resource.Quantity, 2 requests {}resource.Quantity
VolumeSource: 1 hostPath *HostPathVolumeSource, 2 emptyDir *EmptyDirVolumeSource, 3 gcePersistentDisk *GCEPersistentDiskVolumeSource, 4 awsElasticBlockStore *AWSElasticBlockStoreVolumeSource, 5 gitRepo *GitRepoVolumeSource, 6 secret *SecretVolumeSource, 7 nfs *NFSVolumeSource, 8 iscsi *ISCSIVolumeSource, 9 glusterfs *GlusterfsVolumeSource, 10 persistentVolumeClaim *PersistentVolumeClaimVolumeSource, 11 rbd *RBDVolumeSource, 12 flexVolume *FlexVolumeSource, 13 cinder *CinderVolumeSource, 14 cephfs *CephFSVolumeSource, 15 flocker *FlockerVolumeSource, 16 downwardAPI *DownwardAPIVolumeSource, 17 fc *FCVolumeSource, 18 azureFile *AzureFileVolumeSource, 19 configMap *ConfigMapVolumeSource, 20 vsphereVolume *VsphereVirtualDiskVolumeSource, 21 quobyte *QuobyteVolumeSource, 22 azureDisk *AzureDiskVolumeSource, 23 photonPersistentDisk *PhotonPersistentDiskVolumeSource, 26 projected *ProjectedVolumeSource, 24 portworxVolume *PortworxVolumeSource, 25 scaleIO *ScaleIOVolumeSource, 27 storageos *StorageOSVolumeSource, 28 csi *CSIVolumeSource, 29 ephemeral *EphemeralVolumeSource, 30 image *ImageVolumeSource
VolumeStatus: 1 image *ImageVolumeStatus
VsphereVirtualDiskVolumeSource: 1 volumePath string, 2 fsType string, 3 storagePolicyName string, 4 storagePolicyID string
WeightedPodAffinityTerm: 1 weight int32, 2 podAffinityTerm PodAffinityTerm
WindowsSecurityContextOptions: 1 gmsaCredentialSpecName *string, 2 gmsaCredentialSpec *string, 3 runAsUserName *string, 4 hostProcess *bool
# discovery.v1
Endpoint: 1 addresses []string, 2 conditions EndpointConditions, 3 hostname *string, 4 targetRef *core.v1.ObjectReference, 5 deprecatedTopology {}string, 6 nodeName *string, 7 zone *string, 8 hints *EndpointHints
EndpointConditions: 1 ready *bool, 2 serving *bool, 3 terminating *bool
EndpointHints: 1 forZones []ForZone, 2 forNodes []ForNode
EndpointPort: 1 name *string, 2 protocol *string, 3 port *int32, 4 appProtocol *string
EndpointSlice: 1 metadata meta.v1.ObjectMeta, 4 addressType string, 2 endpoints []Endpoint, 3 ports []EndpointPort
EndpointSliceList: 1 metadata meta.v1.ListMeta, 2 items []EndpointSlice
ForNode: 1 name string
ForZone: 1 name string
# events.v1
Event: 1 metadata meta.v1.ObjectMeta, 2 eventTime meta.v1.MicroTime, 3 series *EventSeries, 4 reportingController string, 5 reportingInstance string, 6 action string, 7 reason string, 8 regarding core.v1.ObjectReference, 9 related *core.v1.ObjectReference, 10 note string, 11 type string, 12 deprecatedSource core.v1.EventSource, 13 deprecatedFirstTimestamp meta.v1.Time, 14 deprecatedLastTimestamp meta.v1.Time, 15 deprecatedCount int32
EventList: 1 metadata meta.v1.ListMeta, 2 items []Event
EventSeries: 1 count int32, 2 lastObservedTime meta.v1.MicroTime
# flowcontrol.v1
ExemptPriorityLevelConfiguration: 1 nominalConcurrencyShares *int32, 2 lendablePercent *int32
FlowDistinguisherMethod: 1 type string
FlowSchema: 1 metadata meta.v1.ObjectMeta, 2 spec FlowSchemaSpec, 3 status FlowSchemaStatus
FlowSchemaCondition: 1 type string, 2 status string, 3 lastTransitionTime meta.v1.Time, 4 reason string, 5 message string
FlowSchemaList: 1 metadata meta.v1.ListMeta, 2 items []FlowSchema
FlowSchemaSpec: 1 priorityLevelConfiguration PriorityLevelConfigurationReference, 2 matchingPrecedence int32, 3 distinguisherMethod *FlowDistinguisherMethod, 4 rules []PolicyRulesWithSubjects
FlowSchemaStatus: 1 conditions []FlowSchemaCondition
GroupSubject: 1 name string
LimitResponse: 1 type string, 2 queuing *QueuingConfiguration
LimitedPriorityLevelConfiguration: 1 nominalConcurrencyShares *int32, 2 limitResponse LimitResponse, 3 lendablePercent *int32, 4 borrowingLimitPercent *int32
NonResourcePolicyRule: 1 verbs []string, 6 nonResourceURLs []string
PolicyRulesWithSubjects: 1 subjects []Subject, 2 resourceRules []ResourcePolicyRule, 3 nonResourceRules []NonResourcePolicyRule
PriorityLevelConfiguration: 1 metadata meta.v1.ObjectMeta, 2 spec PriorityLevelConfigurationSpec, 3 status PriorityLevelConfigurationStatus
PriorityLevelConfigurationCondition: 1 type string, 2 status string, 3 lastTransitionTime meta.v1.Time, 4 reason string, 5 message string
PriorityLevelConfigurationList: 1 metadata meta.v1.ListMeta, 2 items []PriorityLevelConfiguration
PriorityLevelConfigurationReference: 1 name string
PriorityLevelConfigurationSpec: 1 type string, 2 limited *LimitedPriorityLevelConfiguration, 3 exempt *ExemptPriorityLevelConfiguration
PriorityLevelConfigurationStatus: 1 conditions []PriorityLevelConfigurationCondition
QueuingConfiguration: 1 queues int32, 2 handSize int32, 3 queueLengthLimit int32
ResourcePolicyRule: 1 verbs []string, 2 apiGroups []string, 3 resources []string, 4 clusterScope bool, 5 namespaces []string
ServiceAccountSubject: 1 namespace string, 2 name string
Subject: 1 kind string, 2 user *UserSubject, 3 group *GroupSubject, 4 serviceAccount *ServiceAccountSubject
UserSubject: 1 name string
# lifecycle.v1alpha1
Eviction: 1 metadata meta.v1.ObjectMeta, 2 spec EvictionSpec, 3 status EvictionStatus
EvictionList: 1 metadata meta.v1.ListMeta, 2 items []Eviction
EvictionPodReference: 1 name string, 2 uid string
EvictionRequest: 1 metadata meta.v1.ObjectMeta, 2 spec EvictionRequestSpec, 3 status EvictionRequestStatus
EvictionRequestList: 1 metadata meta.v1.ListMeta, 2 items []EvictionRequest
EvictionRequestPodReference: 1 name string, 2 uid string
EvictionRequestSpec: 1 target EvictionRequestTarget, 2 requester string, 3 intent string
EvictionRequestStatus: 1 conditions []meta.v1.Condition, 2 observedGeneration *int64
EvictionRequestTarget: 1 pod *EvictionRequestPodReference
EvictionSpec: 1 target EvictionTarget
EvictionStatus: 1 conditions []meta.v1.Condition, 2 observedGeneration *int64, 3 requesters []Requester, 4 targetResponders []TargetResponder, 5 responders []ResponderStatus
EvictionTarget: 1 pod *EvictionPodReference
Requester: 1 name string, 2 intent string
ResponderStatus: 1 name string, 2 startTime *meta.v1.Time, 3 heartbeatTime *meta.v1.Time, 4 expectedCompletionTime *meta.v1.Time, 5 completionTime *meta.v1.Time, 6 message *string
TargetResponder: 1 name string, 2 priority *int32, 3 state string
# networking.v1
HTTPIngressPath: 1 path string, 3 pathType *string, 2 backend IngressBackend
HTTPIngressRuleValue: 1 paths []HTTPIngressPath
IPAddress: 1 metadata meta.v1.ObjectMeta, 2 spec IPAddressSpec
IPAddressList: 1 metadata meta.v1.ListMeta, 2 items []IPAddress
IPAddressSpec: 1 parentRef *ParentReference
IPBlock: 1 cidr string, 2 except []string
Ingress: 1 metadata meta.v1.ObjectMeta, 2 spec IngressSpec, 3 status IngressStatus
IngressBackend: 4 service *IngressServiceBackend, 3 resource *core.v1.TypedLocalObjectReference
IngressClass: 1 metadata meta.v1.ObjectMeta, 2 spec IngressClassSpec
IngressClassList: 1 metadata meta.v1.ListMeta, 2 items []IngressClass
IngressClassParametersReference: 1 aPIGroup *string, 2 kind string, 3 name string, 4 scope *string, 5 namespace *string
IngressClassSpec: 1 controller string, 2 parameters *IngressClassParametersReference
IngressList: 1 metadata meta.v1.ListMeta, 2 items []Ingress
IngressLoadBalancerIngress: 1 ip string, 2 hostname string, 4 ports []IngressPortStatus
IngressLoadBalancerStatus: 1 ingress []IngressLoadBalancerIngress
IngressPortStatus: 1 port int32, 2 protocol string, 3 error *string
IngressRule: 1 host string, 2 ingressRuleValue ^IngressRuleValue
IngressRuleValue: 1 http *HTTPIngressRuleValue
IngressServiceBackend: 1 name string, 2 port ServiceBackendPort
IngressSpec: 4 ingressClassName *string, 1 defaultBackend *IngressBackend, 2 tls []IngressTLS, 3 rules []IngressRule
IngressStatus: 1 loadBalancer IngressLoadBalancerStatus
IngressTLS: 1 hosts []string, 2 secretName string
NetworkPolicy: 1 metadata meta.v1.ObjectMeta, 2 spec NetworkPolicySpec
NetworkPolicyEgressRule: 1 ports []NetworkPolicyPort, 2 to []NetworkPolicyPeer
NetworkPolicyIngressRule: 1 ports []NetworkPolicyPort, 2 from []NetworkPolicyPeer
NetworkPolicyList: 1 metadata meta.v1.ListMeta, 2 items []NetworkPolicy
NetworkPolicyPeer: 1 podSelector *meta.v1.LabelSelector, 2 namespaceSelector *meta.v1.LabelSelector, 3 ipBlock *IPBlock
NetworkPolicyPort: 1 protocol *string, 2 port *intstr.IntOrString, 3 endPort *int32
NetworkPolicySpec: 1 podSelector meta.v1.LabelSelector, 2 ingress []NetworkPolicyIngressRule, 3 egress []NetworkPolicyEgressRule, 4 policyTypes []string
ParentReference: 1 group string, 2 resource string, 3 namespace string, 4 name string
ServiceBackendPort: 1 name string, 2 number int32
ServiceCIDR: 1 metadata meta.v1.ObjectMeta, 2 spec ServiceCIDRSpec, 3 status ServiceCIDRStatus
ServiceCIDRList: 1 metadata meta.v1.ListMeta, 2 items []ServiceCIDR
ServiceCIDRSpec: 1 cidrs []string
ServiceCIDRStatus: 1 conditions []meta.v1.Condition
# node.v1
Overhead: 1 podFixed {}resource.Quantity
RuntimeClass: 1 metadata meta.v1.ObjectMeta, 2 handler string, 3 overhead *Overhead, 4 scheduling *Scheduling
RuntimeClassList: 1 metadata meta.v1.ListMeta, 2 items []RuntimeClass
Scheduling: 1 nodeSelector {}string, 2 tolerations []core.v1.Toleration
# policy.v1
Eviction: 1 metadata meta.v1.ObjectMeta, 2 deleteOptions *meta.v1.DeleteOptions
PodDisruptionBudget: 1 metadata meta.v1.ObjectMeta, 2 spec PodDisruptionBudgetSpec, 3 status PodDisruptionBudgetStatus
PodDisruptionBudgetList: 1 metadata meta.v1.ListMeta, 2 items []PodDisruptionBudget
PodDisruptionBudgetSpec: 1 minAvailable *intstr.IntOrString, 2 selector meta.v1.LabelSelector, 3 maxUnavailable *intstr.IntOrString, 4 unhealthyPodEvictionPolicy *string
PodDisruptionBudgetStatus: 1 observedGeneration int64, 2 disruptedPods {}meta.v1.Time, 3 disruptionsAllowed int32, 4 currentHealthy int32, 5 desiredHealthy int32, 6 expectedPods int32, 7 conditions []meta.v1.Condition
# rbac.v1
AggregationRule: 1 clusterRoleSelectors []meta.v1.LabelSelector
ClusterRole: 1 metadata meta.v1.ObjectMeta, 2 rules []PolicyRule, 3 aggregationRule *AggregationRule
ClusterRoleBinding: 1 metadata meta.v1.ObjectMeta, 2 subjects []Subject, 3 roleRef RoleRef
ClusterRoleBindingList: 1 metadata meta.v1.ListMeta, 2 items []ClusterRoleBinding
ClusterRoleList: 1 metadata meta.v1.ListMeta, 2 items []ClusterRole
PolicyRule: 1 verbs []string, 2 apiGroups []string, 3 resources []string, 4 resourceNames []string, 5 nonResourceURLs []string
Role: 1 metadata meta.v1.ObjectMeta, 2 rules []PolicyRule
RoleBinding: 1 metadata meta.v1.ObjectMeta, 2 subjects []Subject, 3 roleRef RoleRef
RoleBindingList: 1 metadata meta.v1.ListMeta, 2 items []RoleBinding
RoleList: 1 metadata meta.v1.ListMeta, 2 items []Role
RoleRef: 1 apiGroup string, 2 kind string, 3 name string
Subject: 1 kind string, 2 apiGroup string, 3 name string, 4 namespace string
# resource.v1
AllocatedDeviceStatus: 1 driver string, 2 pool string, 3 device string, 7 shareID *string, 4 conditions []meta.v1.Condition, 5 data *runtime.RawExtension, 6 networkData *NetworkDeviceData
AllocationResult: 1 devices DeviceAllocationResult, 3 nodeSelector *core.v1.NodeSelector, 5 allocationTimestamp *meta.v1.Time
CELDeviceSelector: 1 expression string
CapacityRequestPolicy: 1 default *resource.Quantity, 3 validValues []resource.Quantity, 4 validRange *CapacityRequestPolicyRange
CapacityRequestPolicyRange: 1 min *resource.Quantity, 2 max *resource.Quantity, 3 step *resource.Quantity
CapacityRequirements: 1 requests {}resource.Quantity
Counter: 1 value resource.Quantity
CounterSet: 1 name string, 2 counters {}Counter
Device: 1 name string, 2 attributes {}DeviceAttribute, 3 capacity {}DeviceCapacity, 4 consumesCounters []DeviceCounterConsumption, 5 nodeName *string, 6 nodeSelector *core.v1.NodeSelector, 7 allNodes *bool, 8 taints []DeviceTaint, 9 bindsToNode *bool, 10 bindingConditions []string, 11 bindingFailureConditions []string, 12 allowMultipleAllocations *bool, 14 nodeAllocatableResources {}NodeAllocatableResource
DeviceAllocationConfiguration: 1 source string, 2 requests []string, 3 deviceConfiguration ^DeviceConfiguration
DeviceAllocationResult: 1 results []DeviceRequestAllocationResult, 2 config []DeviceAllocationConfiguration
DeviceAttribute: 2 int *int64, 3 bool *bool, 4 string *string, 5 version *string, 6 ints []int64, 7 bools []bool, 8 strings []string, 9 versions []string
DeviceCapacity: 1 value resource.Quantity, 2 requestPolicy *CapacityRequestPolicy
DeviceClaim: 1 requests []DeviceRequest, 2 constraints []DeviceConstraint, 3 config []DeviceClaimConfiguration
DeviceClaimConfiguration: 1 requests []string, 2 deviceConfiguration ^DeviceConfiguration
DeviceClass: 1 metadata meta.v1.ObjectMeta, 2 spec DeviceClassSpec
DeviceClassConfiguration: 1 deviceConfiguration ^DeviceConfiguration
DeviceClassList: 1 metadata meta.v1.ListMeta, 2 items []DeviceClass
DeviceClassSpec: 1 selectors []DeviceSelector, 2 config []DeviceClassConfiguration, 4 extendedResourceName *string
DeviceConfiguration: 1 opaque *OpaqueDeviceConfiguration
DeviceConstraint: 1 requests []string, 2 matchAttribute *string, 3 distinctAttribute *string
DeviceCounterConsumption: 1 counterSet string, 2 counters {}Counter, 3 compatibilityGroups []string
DeviceDerivedAttribute: 1 name string, 2 expression string
DeviceRequest: 1 name string, 2 exactly *ExactDeviceRequest, 3 firstAvailable []DeviceSubRequest
DeviceRequestAllocationResult: 1 request string, 2 driver string, 3 pool string, 4 device string, 5 adminAccess *bool, 6 tolerations []DeviceToleration, 7 bindingConditions []string, 8 bindingFailureConditions []string, 9 shareID *string, 10 consumedCapacity {}resource.Quantity, 11 skipNodeOperations []string
DeviceSelector: 1 cel *CELDeviceSelector
DeviceSubRequest: 1 name string, 2 deviceClassName string, 3 selectors []DeviceSelector, 4 allocationMode string, 5 count int64, 6 tolerations []DeviceToleration, 7 capacity *CapacityRequirements, 8 derivedAttributes []DeviceDerivedAttribute
DeviceTaint: 1 key string, 2 value string, 3 effect string, 4 timeAdded *meta.v1.Time
DeviceTaintRule: 1 metadata meta.v1.ObjectMeta, 2 spec DeviceTaintRuleSpec, 3 status DeviceTaintRuleStatus
DeviceTaintRuleList: 1 metadata meta.v1.ListMeta, 2 items []DeviceTaintRule
DeviceTaintRuleSpec: 1 deviceSelector *DeviceTaintSelector, 2 taint DeviceTaint
DeviceTaintRuleStatus: 1 conditions []meta.v1.Condition
DeviceTaintSelector: 2 driver *string, 3 pool *string, 4 device *string
DeviceToleration: 1 key string, 2 operator string, 3 value string, 4 effect string, 5 tolerationSeconds *int64
ExactDeviceRequest: 1 deviceClassName string, 2 selectors []DeviceSelector, 3 allocationMode string, 4 count int64, 5 adminAccess *bool, 6 tolerations []DeviceToleration, 7 capacity *CapacityRequirements, 8 derivedAttributes []DeviceDerivedAttribute
NetworkDeviceData: 1 interfaceName string, 2 ips []string, 3 hardwareAddress string
NodeAllocatableMapping: 1 capacityKey *string, 2 capacityMultiplier *resource.Quantity, 3 deviceMultiplier *resource.Quantity
NodeAllocatableOverhead: 1 perPod *resource.Quantity, 2 perContainer *resource.Quantity
NodeAllocatableResource: 3 mapping *NodeAllocatableMapping, 4 overhead *NodeAllocatableOverhead
OpaqueDeviceConfiguration: 1 driver string, 2 parameters runtime.RawExtension
ResourceClaim: 1 metadata meta.v1.ObjectMeta, 2 spec ResourceClaimSpec, 3 status ResourceClaimStatus
ResourceClaimConsumerReference: 1 apiGroup string, 3 resource string, 4 name string, 5 uid string
ResourceClaimList: 1 metadata meta.v1.ListMeta, 2 items []ResourceClaim
ResourceClaimSpec: 1 devices DeviceClaim
ResourceClaimStatus: 1 allocation *AllocationResult, 2 reservedFor []ResourceClaimConsumerReference, 4 devices []AllocatedDeviceStatus
ResourceClaimTemplate: 1 metadata meta.v1.ObjectMeta, 2 spec ResourceClaimTemplateSpec
ResourceClaimTemplateList: 1 metadata meta.v1.ListMeta, 2 items []ResourceClaimTemplate
ResourceClaimTemplateSpec: 1 metadata meta.v1.ObjectMeta, 2 spec ResourceClaimSpec
ResourcePool: 1 name string, 2 generation int64, 3 resourceSliceCount int64
ResourceSlice: 1 metadata meta.v1.ObjectMeta, 2 spec ResourceSliceSpec
ResourceSliceList: 1 metadata meta.v1.ListMeta, 2 items []ResourceSlice
ResourceSliceSpec: 1 driver string, 2 pool ResourcePool, 3 nodeName *string, 4 nodeSelector *core.v1.NodeSelector, 5 allNodes *bool, 6 devices []Device, 7 perDeviceNodeSelection *bool, 8 sharedCounters []CounterSet, 9 partitionTypeAttribute *string, 10 skipNodeOperations []string
# resource.v1alpha3
CELDeviceSelector: 1 expression string
DeviceSelector: 1 cel *CELDeviceSelector
DeviceTaint: 1 key string, 2 value string, 3 effect string, 4 timeAdded *meta.v1.Time
DeviceTaintRule: 1 metadata meta.v1.ObjectMeta, 2 spec DeviceTaintRuleSpec, 3 status DeviceTaintRuleStatus
DeviceTaintRuleList: 1 metadata meta.v1.ListMeta, 2 items []DeviceTaintRule
DeviceTaintRuleSpec: 1 deviceSelector *DeviceTaintSelector, 2 taint DeviceTaint
DeviceTaintRuleStatus: 1 conditions []meta.v1.Condition
DeviceTaintSelector: 2 driver *string, 3 pool *string, 4 device *string
PartitionTypeStatus: 4 attribute string, 1 type string, 2 total *int32, 3 allocatable *int32
PoolStatus: 1 driver string, 2 poolName string, 9 generation int64, 8 resourceSliceCount *int32, 4 totalDevices *int32, 5 allocatedDevices *int32, 6 availableDevices *int32, 7 unavailableDevices *int32, 3 nodeName *string, 10 validationError *string, 11 partitionSummary []PartitionTypeStatus, 13 shareableSummary *ShareableSummaryStatus
ResourcePoolStatusRequest: 1 metadata meta.v1.ObjectMeta, 2 spec ResourcePoolStatusRequestSpec, 3 status *ResourcePoolStatusRequestStatus
ResourcePoolStatusRequestList: 1 metadata meta.v1.ListMeta, 2 items []ResourcePoolStatusRequest
ResourcePoolStatusRequestSpec: 1 driver string, 2 poolName *string, 3 limit *int32, 4 defaultPartitionTypeAttribute *string
ResourcePoolStatusRequestStatus: 6 poolCount *int32, 2 pools []PoolStatus, 3 conditions []meta.v1.Condition
ShareableCapacityStatus: 1 name string, 2 total *resource.Quantity, 3 consumed *resource.Quantity, 4 available *resource.Quantity
ShareableSummaryStatus: 1 fullyAvailableDevices *int32, 2 partiallyAvailableDevices *int32, 3 capacity []ShareableCapacityStatus
# resource.v1beta1
AllocatedDeviceStatus: 1 driver string, 2 pool string, 3 device string, 7 shareID *string, 4 conditions []meta.v1.Condition, 5 data *runtime.RawExtension, 6 networkData *NetworkDeviceData
AllocationResult: 1 devices DeviceAllocationResult, 3 nodeSelector *core.v1.NodeSelector, 5 allocationTimestamp *meta.v1.Time
BasicDevice: 1 attributes {}DeviceAttribute, 2 capacity {}DeviceCapacity, 3 consumesCounters []DeviceCounterConsumption, 4 nodeName *string, 5 nodeSelector *core.v1.NodeSelector, 6 allNodes *bool, 7 taints []DeviceTaint, 8 bindsToNode *bool, 9 bindingConditions []string, 10 bindingFailureConditions []string, 11 allowMultipleAllocations *bool, 14 nodeAllocatableResources {}NodeAllocatableResource
CELDeviceSelector: 1 expression string
CapacityRequestPolicy: 1 default *resource.Quantity, 3 validValues []resource.Quantity, 4 validRange *CapacityRequestPolicyRange
CapacityRequestPolicyRange: 1 min *resource.Quantity, 2 max *resource.Quantity, 3 step *resource.Quantity
CapacityRequirements: 1 requests {}resource.Quantity
Counter: 1 value resource.Quantity
CounterSet: 1 name string, 2 counters {}Counter
Device: 1 name string, 2 basic *BasicDevice
DeviceAllocationConfiguration: 1 source string, 2 requests []string, 3 deviceConfiguration ^DeviceConfiguration
DeviceAllocationResult: 1 results []DeviceRequestAllocationResult, 2 config []DeviceAllocationConfiguration
DeviceAttribute: 2 int *int64, 3 bool *bool, 4 string *string, 5 version *string, 6 ints []int64, 7 bools []bool, 8 strings []string, 9 versions []string
DeviceCapacity: 1 value resource.Quantity, 2 requestPolicy *CapacityRequestPolicy
DeviceClaim: 1 requests []DeviceRequest, 2 constraints []DeviceConstraint, 3 config []DeviceClaimConfiguration
DeviceClaimConfiguration: 1 requests []string, 2 deviceConfiguration ^DeviceConfiguration
DeviceClass: 1 metadata meta.v1.ObjectMeta, 2 spec DeviceClassSpec
DeviceClassConfiguration: 1 deviceConfiguration ^DeviceConfiguration
DeviceClassList: 1 metadata meta.v1.ListMeta, 2 items []DeviceClass
DeviceClassSpec: 1 selectors []DeviceSelector, 2 config []DeviceClassConfiguration, 4 extendedResourceName *string
DeviceConfiguration: 1 opaque *OpaqueDeviceConfiguration
DeviceConstraint: 1 requests []string, 2 matchAttribute *string, 3 distinctAttribute *string
DeviceCounterConsumption: 1 counterSet string, 2 counters {}Counter, 3 compatibilityGroups []string
DeviceDerivedAttribute: 1 name string, 2 expression string
DeviceRequest: 1 name string, 2 deviceClassName string, 3 selectors []DeviceSelector, 4 allocationMode string, 5 count int64, 6 adminAccess *bool, 7 firstAvailable []DeviceSubRequest, 8 tolerations []DeviceToleration, 9 capacity *CapacityRequirements, 10 derivedAttributes []DeviceDerivedAttribute
DeviceRequestAllocationResult: 1 request string, 2 driver string, 3 pool string, 4 device string, 5 adminAccess *bool, 6 tolerations []DeviceToleration, 7 bindingConditions []string, 8 bindingFailureConditions []string, 9 shareID *string, 10 consumedCapacity {}resource.Quantity, 11 skipNodeOperations []string
DeviceSelector: 1 cel *CELDeviceSelector
DeviceSubRequest: 1 name string, 2 deviceClassName string, 3 selectors []DeviceSelector, 4 allocationMode string, 5 count int64, 7 tolerations []DeviceToleration, 8 capacity *CapacityRequirements, 9 derivedAttributes []DeviceDerivedAttribute
DeviceTaint: 1 key string, 2 value string, 3 effect string, 4 timeAdded *meta.v1.Time
DeviceToleration: 1 key string, 2 operator string, 3 value string, 4 effect string, 5 tolerationSeconds *int64
NetworkDeviceData: 1 interfaceName string, 2 ips []string, 3 hardwareAddress string
NodeAllocatableMapping: 1 capacityKey *string, 2 capacityMultiplier *resource.Quantity, 3 deviceMultiplier *resource.Quantity
NodeAllocatableOverhead: 1 perPod *resource.Quantity, 2 perContainer *resource.Quantity
NodeAllocatableResource: 3 mapping *NodeAllocatableMapping, 4 overhead *NodeAllocatableOverhead
OpaqueDeviceConfiguration: 1 driver string, 2 parameters runtime.RawExtension
ResourceClaim: 1 metadata meta.v1.ObjectMeta, 2 spec ResourceClaimSpec, 3 status ResourceClaimStatus
ResourceClaimConsumerReference: 1 apiGroup string, 3 resource string, 4 name string, 5 uid string
ResourceClaimList: 1 metadata meta.v1.ListMeta, 2 items []ResourceClaim
ResourceClaimSpec: 1 devices DeviceClaim
ResourceClaimStatus: 1 allocation *AllocationResult, 2 reservedFor []ResourceClaimConsumerReference, 4 devices []AllocatedDeviceStatus
ResourceClaimTemplate: 1 metadata meta.v1.ObjectMeta, 2 spec ResourceClaimTemplateSpec
ResourceClaimTemplateList: 1 metadata meta.v1.ListMeta, 2 items []ResourceClaimTemplate
ResourceClaimTemplateSpec: 1 metadata meta.v1.ObjectMeta, 2 spec ResourceClaimSpec
ResourcePool: 1 name string, 2 generation int64, 3 resourceSliceCount int64
ResourceSlice: 1 metadata meta.v1.ObjectMeta, 2 spec ResourceSliceSpec
ResourceSliceList: 1 metadata meta.v1.ListMeta, 2 items []ResourceSlice
ResourceSliceSpec: 1 driver string, 2 pool ResourcePool, 3 nodeName string, 4 nodeSelector *core.v1.NodeSelector, 5 allNodes bool, 6 devices []Device, 7 perDeviceNodeSelection *bool, 8 sharedCounters []CounterSet, 9 partitionTypeAttribute *string, 10 skipNodeOperations []string
# resource.v1beta2
AllocatedDeviceStatus: 1 driver string, 2 pool string, 3 device string, 7 shareID *string, 4 conditions []meta.v1.Condition, 5 data *runtime.RawExtension, 6 networkData *NetworkDeviceData
AllocationResult: 1 devices DeviceAllocationResult, 3 nodeSelector *core.v1.NodeSelector, 5 allocationTimestamp *meta.v1.Time
CELDeviceSelector: 1 expression string
CapacityRequestPolicy: 1 default *resource.Quantity, 3 validValues []resource.Quantity, 4 validRange *CapacityRequestPolicyRange
CapacityRequestPolicyRange: 1 min *resource.Quantity, 2 max *resource.Quantity, 3 step *resource.Quantity
CapacityRequirements: 1 requests {}resource.Quantity
Counter: 1 value resource.Quantity
CounterSet: 1 name string, 2 counters {}Counter
Device: 1 name string, 2 attributes {}DeviceAttribute, 3 capacity {}DeviceCapacity, 4 consumesCounters []DeviceCounterConsumption, 5 nodeName *string, 6 nodeSelector *core.v1.NodeSelector, 7 allNodes *bool, 8 taints []DeviceTaint, 9 bindsToNode *bool, 10 bindingConditions []string, 11 bindingFailureConditions []string, 12 allowMultipleAllocations *bool, 14 nodeAllocatableResources {}NodeAllocatableResource
DeviceAllocationConfiguration: 1 source string, 2 requests []string, 3 deviceConfiguration ^DeviceConfiguration
DeviceAllocationResult: 1 results []DeviceRequestAllocationResult, 2 config []DeviceAllocationConfiguration
DeviceAttribute: 2 int *int64, 3 bool *bool, 4 string *string, 5 version *string, 6 ints []int64, 7 bools []bool, 8 strings []string, 9 versions []string
DeviceCapacity: 1 value resource.Quantity, 2 requestPolicy *CapacityRequestPolicy
DeviceClaim: 1 requests []DeviceRequest, 2 constraints []DeviceConstraint, 3 config []DeviceClaimConfiguration
DeviceClaimConfiguration: 1 requests []string, 2 deviceConfiguration ^DeviceConfiguration
DeviceClass: 1 metadata meta.v1.ObjectMeta, 2 spec DeviceClassSpec
DeviceClassConfiguration: 1 deviceConfiguration ^DeviceConfiguration
DeviceClassList: 1 metadata meta.v1.ListMeta, 2 items []DeviceClass
DeviceClassSpec: 1 selectors []DeviceSelector, 2 config []DeviceClassConfiguration, 4 extendedResourceName *string
DeviceConfiguration: 1 opaque *OpaqueDeviceConfiguration
DeviceConstraint: 1 requests []string, 2 matchAttribute *string, 3 distinctAttribute *string
DeviceCounterConsumption: 1 counterSet string, 2 counters {}Counter, 3 compatibilityGroups []string
DeviceDerivedAttribute: 1 name string, 2 expression string
DeviceRequest: 1 name string, 2 exactly *ExactDeviceRequest, 3 firstAvailable []DeviceSubRequest
DeviceRequestAllocationResult: 1 request string, 2 driver string, 3 pool string, 4 device string, 5 adminAccess *bool, 6 tolerations []DeviceToleration, 7 bindingConditions []string, 8 bindingFailureConditions []string, 9 shareID *string, 10 consumedCapacity {}resource.Quantity, 11 skipNodeOperations []string
DeviceSelector: 1 cel *CELDeviceSelector
DeviceSubRequest: 1 name string, 2 deviceClassName string, 3 selectors []DeviceSelector, 4 allocationMode string, 5 count int64, 6 tolerations []DeviceToleration, 7 capacity *CapacityRequirements, 8 derivedAttributes []DeviceDerivedAttribute
DeviceTaint: 1 key string, 2 value string, 3 effect string, 4 timeAdded *meta.v1.Time
DeviceTaintRule: 1 metadata meta.v1.ObjectMeta, 2 spec DeviceTaintRuleSpec, 3 status DeviceTaintRuleStatus
DeviceTaintRuleList: 1 metadata meta.v1.ListMeta, 2 items []DeviceTaintRule
DeviceTaintRuleSpec: 1 deviceSelector *DeviceTaintSelector, 2 taint DeviceTaint
DeviceTaintRuleStatus: 1 conditions []meta.v1.Condition
DeviceTaintSelector: 2 driver *string, 3 pool *string, 4 device *string
DeviceToleration: 1 key string, 2 operator string, 3 value string, 4 effect string, 5 tolerationSeconds *int64
ExactDeviceRequest: 1 deviceClassName string, 2 selectors []DeviceSelector, 3 allocationMode string, 4 count int64, 5 adminAccess *bool, 6 tolerations []DeviceToleration, 7 capacity *CapacityRequirements, 8 derivedAttributes []DeviceDerivedAttribute
NetworkDeviceData: 1 interfaceName string, 2 ips []string, 3 hardwareAddress string
NodeAllocatableMapping: 1 capacityKey *string, 2 capacityMultiplier *resource.Quantity, 3 deviceMultiplier *resource.Quantity
NodeAllocatableOverhead: 1 perPod *resource.Quantity, 2 perContainer *resource.Quantity
NodeAllocatableResource: 3 mapping *NodeAllocatableMapping, 4 overhead *NodeAllocatableOverhead
OpaqueDeviceConfiguration: 1 driver string, 2 parameters runtime.RawExtension
ResourceClaim: 1 metadata meta.v1.ObjectMeta, 2 spec ResourceClaimSpec, 3 status ResourceClaimStatus
ResourceClaimConsumerReference: 1 apiGroup string, 3 resource string, 4 name string, 5 uid string
ResourceClaimList: 1 metadata meta.v1.ListMeta, 2 items []ResourceClaim
ResourceClaimSpec: 1 devices DeviceClaim
ResourceClaimStatus: 1 allocation *AllocationResult, 2 reservedFor []ResourceClaimConsumerReference, 4 devices []AllocatedDeviceStatus
ResourceClaimTemplate: 1 metadata meta.v1.ObjectMeta, 2 spec ResourceClaimTemplateSpec
ResourceClaimTemplateList: 1 metadata meta.v1.ListMeta, 2 items []ResourceClaimTemplate
ResourceClaimTemplateSpec: 1 metadata meta.v1.ObjectMeta, 2 spec ResourceClaimSpec
ResourcePool: 1 name string, 2 generation int64, 3 resourceSliceCount int64
ResourceSlice: 1 metadata meta.v1.ObjectMeta, 2 spec ResourceSliceSpec
ResourceSliceList: 1 metadata meta.v1.ListMeta, 2 items []ResourceSlice
ResourceSliceSpec: 1 driver string, 2 pool ResourcePool, 3 nodeName *string, 4 nodeSelector *core.v1.NodeSelector, 5 allNodes *bool, 6 devices []Device, 7 perDeviceNodeSelection *bool, 8 sharedCounters []CounterSet, 9 partitionTypeAttribute *string, 10 skipNodeOperations []string
# scheduling.v1
PriorityClass: 1 metadata meta.v1.ObjectMeta, 2 value int32, 3 globalDefault bool, 4 description string, 5 preemptionPolicy *string
PriorityClassList: 1 metadata meta.v1.ListMeta, 2 items []PriorityClass
# storage.v1
CSIDriver: 1 metadata meta.v1.ObjectMeta, 2 spec CSIDriverSpec
CSIDriverList: 1 metadata meta.v1.ListMeta, 2 items []CSIDriver
CSIDriverSpec: 1 attachRequired *bool, 2 podInfoOnMount *bool, 3 volumeLifecycleModes []string, 4 storageCapacity *bool, 5 fsGroupPolicy *string, 6 tokenRequests []TokenRequest, 7 requiresRepublish *bool, 8 seLinuxMount *bool, 9 nodeAllocatableUpdatePeriodSeconds *int64, 10 serviceAccountTokenInSecrets *bool, 11 preventPodSchedulingIfMissing *bool
CSINode: 1 metadata meta.v1.ObjectMeta, 2 spec CSINodeSpec, 3 status CSINodeStatus
CSINodeDriver: 1 name string, 2 nodeID string, 3 topologyKeys []string, 4 allocatable *VolumeNodeResources
CSINodeList: 1 metadata meta.v1.ListMeta, 2 items []CSINode
CSINodeSpec: 1 drivers []CSINodeDriver
CSINodeStatus: 1 storageHealth []StorageHealth
CSIStorageCapacity: 1 metadata meta.v1.ObjectMeta, 2 nodeTopology *meta.v1.LabelSelector, 3 storageClassName string, 4 capacity *resource.Quantity, 5 maximumVolumeSize *resource.Quantity
CSIStorageCapacityList: 1 metadata meta.v1.ListMeta, 2 items []CSIStorageCapacity
StorageClass: 1 metadata meta.v1.ObjectMeta, 2 provisioner string, 3 parameters {}string, 4 reclaimPolicy *string, 5 mountOptions []string, 6 allowVolumeExpansion *bool, 7 volumeBindingMode *string, 8 allowedTopologies []core.v1.TopologySelectorTerm
StorageClassList: 1 metadata meta.v1.ListMeta, 2 items []StorageClass
StorageHealth: 1 name string, 2 healthConditions []StorageHealthCondition
StorageHealthCondition: 1 status string, 2 reason string, 3 message string, 4 accessMode *string, 5 volumeMode *string, 6 lastTransitionTime meta.v1.Time
TokenRequest: 1 audience string, 2 expirationSeconds *int64
VolumeAttachment: 1 metadata meta.v1.ObjectMeta, 2 spec VolumeAttachmentSpec, 3 status VolumeAttachmentStatus
VolumeAttachmentList: 1 metadata meta.v1.ListMeta, 2 items []VolumeAttachment
VolumeAttachmentSource: 1 persistentVolumeName *string, 2 inlineVolumeSpec *core.v1.PersistentVolumeSpec
VolumeAttachmentSpec: 1 attacher string, 2 source VolumeAttachmentSource, 3 nodeName string
VolumeAttachmentStatus: 1 attached bool, 2 attachmentMetadata {}string, 3 attachError *VolumeError, 4 detachError *VolumeError
VolumeAttributesClass: 1 metadata meta.v1.ObjectMeta, 2 driverName string, 3 parameters {}string
VolumeAttributesClassList: 1 metadata meta.v1.ListMeta, 2 items []VolumeAttributesClass
VolumeError: 1 time meta.v1.Time, 2 message string, 3 errorCode *int32
VolumeNodeResources: 1 count *int32
# storagemigration.v1
StorageVersionMigration: 1 metadata meta.v1.ObjectMeta, 2 spec StorageVersionMigrationSpec, 3 status StorageVersionMigrationStatus
StorageVersionMigrationList: 1 metadata meta.v1.ListMeta, 2 items []StorageVersionMigration
StorageVersionMigrationSpec: 1 resource meta.v1.GroupResource
StorageVersionMigrationStatus: 1 conditions []meta.v1.Condition, 2 resourceVersion string
# storagemigration.v1beta1
StorageVersionMigration: 1 metadata meta.v1.ObjectMeta, 2 spec StorageVersionMigrationSpec, 3 status StorageVersionMigrationStatus
StorageVersionMigrationList: 1 metadata meta.v1.ListMeta, 2 items []StorageVersionMigration
StorageVersionMigrationSpec: 1 resource meta.v1.GroupResource
StorageVersionMigrationStatus: 1 conditions []meta.v1.Condition, 2 resourceVersion string
# resource
Quantity: 1 string string
QuantityValue: 1 string string
# meta.v1
APIGroup: 1 name string, 2 versions []GroupVersionForDiscovery, 3 preferredVersion GroupVersionForDiscovery, 4 serverAddressByClientCIDRs []ServerAddressByClientCIDR
APIGroupList: 1 groups []APIGroup
APIResource: 1 name string, 6 singularName string, 2 namespaced bool, 8 group string, 9 version string, 3 kind string, 4 verbs Verbs, 5 shortNames []string, 7 categories []string, 10 storageVersionHash string
APIResourceList: 1 groupVersion string, 2 resources []APIResource
APIVersions: 1 versions []string, 2 serverAddressByClientCIDRs []ServerAddressByClientCIDR
ApplyOptions: 1 dryRun []string, 2 force bool, 3 fieldManager string
Condition: 1 type string, 2 status string, 3 observedGeneration int64, 4 lastTransitionTime Time, 5 reason string, 6 message string
CreateOptions: 1 dryRun []string, 3 fieldManager string, 4 fieldValidation string
DeleteOptions: 1 gracePeriodSeconds *int64, 2 preconditions *Preconditions, 3 orphanDependents *bool, 4 propagationPolicy *string, 5 dryRun []string, 6 ignoreStoreReadErrorWithClusterBreakingPotential *bool
Duration: 1 duration int64
FieldSelectorRequirement: 1 key string, 2 operator string, 3 values []string
FieldsV1: 1 Raw bytes
GetOptions: 1 resourceVersion string
GroupKind: 1 group string, 2 kind string
GroupResource: 1 group string, 2 resource string
GroupVersion: 1 group string, 2 version string
GroupVersionForDiscovery: 1 groupVersion string, 2 version string
GroupVersionKind: 1 group string, 2 version string, 3 kind string
GroupVersionResource: 1 group string, 2 version string, 3 resource string
LabelSelector: 1 matchLabels {}string, 2 matchExpressions []LabelSelectorRequirement
LabelSelectorRequirement: 1 key string, 2 operator string, 3 values []string
List: 1 metadata ListMeta, 2 items []runtime.RawExtension
ListMeta: 1 selfLink string, 2 resourceVersion string, 3 continue string, 4 remainingItemCount *int64, 5 shardInfo *ShardInfo
ListOptions: 1 labelSelector string, 2 fieldSelector string, 3 watch bool, 9 allowWatchBookmarks bool, 4 resourceVersion string, 10 resourceVersionMatch string, 5 timeoutSeconds *int64, 7 limit int64, 8 continue string, 11 sendInitialEvents *bool, 15 shardSelector string
ManagedFieldsEntry: 1 manager string, 2 operation string, 3 apiVersion string, 4 time *Time, 6 fieldsType string, 7 fieldsV1 *FieldsV1, 8 subresource string
MicroTime: 1 seconds int64, 2 nanos int32
ObjectMeta: 1 name string, 2 generateName string, 3 namespace string, 4 selfLink string, 5 uid string, 6 resourceVersion string, 7 generation int64, 8 creationTimestamp Time, 9 deletionTimestamp *Time, 10 deletionGracePeriodSeconds *int64, 11 labels {}string, 12 annotations {}string, 13 ownerReferences []OwnerReference, 14 finalizers []string, 17 managedFields []ManagedFieldsEntry
OwnerReference: 5 apiVersion string, 1 kind string, 3 name string, 4 uid string, 6 controller *bool, 7 blockOwnerDeletion *bool
PartialObjectMetadata: 1 metadata ObjectMeta
PartialObjectMetadataList: 1 metadata ListMeta, 2 items []PartialObjectMetadata
Patch: 
PatchOptions: 1 dryRun []string, 2 force *bool, 3 fieldManager string, 4 fieldValidation string
Preconditions: 1 uid *string, 2 resourceVersion *string
RootPaths: 1 paths []string
ServerAddressByClientCIDR: 1 clientCIDR string, 2 serverAddress string
ShardInfo: 1 selector string
Status: 1 metadata ListMeta, 2 status string, 3 message string, 4 reason string, 5 details *StatusDetails, 6 code int32
StatusCause: 1 reason string, 2 message string, 3 field string
StatusDetails: 1 name string, 2 group string, 3 kind string, 6 uid string, 4 causes []StatusCause, 5 retryAfterSeconds int32
TableOptions: 1 includeObject string
Time: 1 seconds int64, 2 nanos int32
Timestamp: 1 seconds int64, 2 nanos int32
TypeMeta: 1 kind string, 2 apiVersion string
UpdateOptions: 1 dryRun []string, 2 fieldManager string, 3 fieldValidation string
Verbs: 1 items []string
WatchEvent: 1 type string, 2 object runtime.RawExtension
# runtime
RawExtension: 1 raw bytes
TypeMeta: 1 apiVersion string, 2 kind string
Unknown: 1 typeMeta ^TypeMeta, 2 raw bytes, 3 contentEncoding string, 4 contentType string
# runtime.schema
# intstr
IntOrString: 1 type int64, 2 intVal int32, 3 strVal string
`;
