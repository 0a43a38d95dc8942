"""AWS API calls, as named in CloudTrail, that can cause drift of each resource type; a star matches any ending."""

from __future__ import annotations

from fnmatch import fnmatchcase

_TAGS = ("CreateTags", "DeleteTags")
_INSTANCE = ("ModifyInstance*", "StopInstances", "StartInstances", "TerminateInstances", "AssociateIamInstanceProfile",
             "DisassociateIamInstanceProfile", "ReplaceIamInstanceProfileAssociation", "MonitorInstances",
             "UnmonitorInstances", *_TAGS)  # fmt: skip
_GROUP = ("AuthorizeSecurityGroup*", "RevokeSecurityGroup*", "ModifySecurityGroupRules",
          "UpdateSecurityGroupRuleDescriptions*", "DeleteSecurityGroup", *_TAGS)  # fmt: skip
_RULE = ("AuthorizeSecurityGroup*", "RevokeSecurityGroup*", "ModifySecurityGroupRules")
_BUCKET = ("PutBucket*", "DeleteBucket*", "PutPublicAccessBlock", "DeletePublicAccessBlock",
           "PutEncryptionConfiguration", "PutAccelerateConfiguration", "PutObjectLockConfiguration")  # fmt: skip
_ROLE = ("UpdateRole*", "UpdateAssumeRolePolicy", "AttachRolePolicy", "DetachRolePolicy", "PutRolePolicy",
         "DeleteRolePolicy", "PutRolePermissionsBoundary", "DeleteRolePermissionsBoundary", "TagRole", "UntagRole",
         "DeleteRole")  # fmt: skip
_POLICY = ("CreatePolicyVersion", "SetDefaultPolicyVersion", "DeletePolicyVersion", "DeletePolicy", "TagPolicy",
           "UntagPolicy")  # fmt: skip
_USER = ("UpdateUser", "DeleteUser", "AttachUserPolicy", "DetachUserPolicy", "PutUserPolicy", "DeleteUserPolicy",
         "AddUserToGroup", "RemoveUserFromGroup", "TagUser", "UntagUser")  # fmt: skip
_DATABASE = ("ModifyDBInstance", "RebootDBInstance", "StopDBInstance", "StartDBInstance", "DeleteDBInstance",
             "AddTagsToResource", "RemoveTagsFromResource", "AddRoleToDBInstance",
             "RemoveRoleFromDBInstance")  # fmt: skip
_CLUSTER = ("ModifyDBCluster", "DeleteDBCluster", "StopDBCluster", "StartDBCluster", "FailoverDBCluster",
            "AddTagsToResource", "RemoveTagsFromResource")  # fmt: skip
_FUNCTION = ("UpdateFunctionConfiguration*", "UpdateFunctionCode*", "DeleteFunction*", "PutFunctionConcurrency*",
             "DeleteFunctionConcurrency*", "TagResource*", "UntagResource*", "PublishVersion*")  # fmt: skip
_BALANCER = ("ModifyLoadBalancerAttributes", "SetSecurityGroups", "SetSubnets", "SetIpAddressType",
             "DeleteLoadBalancer", "AddTags", "RemoveTags")  # fmt: skip

VERBS: dict[str, tuple[str, ...]] = {
    "aws_alb": _BALANCER,
    "aws_autoscaling_group": ("UpdateAutoScalingGroup", "SetDesiredCapacity", "DeleteAutoScalingGroup",
                              "SuspendProcesses", "ResumeProcesses", "CreateOrUpdateTags", "DeleteTags"),
    "aws_cloudwatch_log_group": ("PutRetentionPolicy", "DeleteRetentionPolicy", "DeleteLogGroup", "AssociateKmsKey",
                                 "DisassociateKmsKey", "TagLogGroup", "UntagLogGroup", "TagResource", "UntagResource"),
    "aws_cloudwatch_metric_alarm": ("PutMetricAlarm", "DeleteAlarms", "EnableAlarmActions", "DisableAlarmActions"),
    "aws_db_instance": _DATABASE,
    "aws_dynamodb_table": ("UpdateTable*", "DeleteTable", "UpdateTimeToLive", "UpdateContinuousBackups", "TagResource",
                           "UntagResource"),
    "aws_ebs_volume": ("ModifyVolume*", "AttachVolume", "DetachVolume", "DeleteVolume", *_TAGS),
    "aws_ecs_service": ("UpdateService", "DeleteService", "TagResource", "UntagResource"),
    "aws_eks_cluster": ("UpdateClusterConfig", "UpdateClusterVersion", "DeleteCluster", "TagResource", "UntagResource"),
    "aws_eks_node_group": ("UpdateNodegroup*", "DeleteNodegroup", "TagResource", "UntagResource"),
    "aws_elasticache_cluster": ("ModifyCacheCluster", "DeleteCacheCluster", "RebootCacheCluster"),
    "aws_iam_policy": _POLICY,
    "aws_iam_role": _ROLE,
    "aws_iam_role_policy": _ROLE,
    "aws_iam_role_policy_attachment": _ROLE,
    "aws_iam_user": _USER,
    "aws_instance": _INSTANCE,
    "aws_internet_gateway": ("AttachInternetGateway", "DetachInternetGateway", "DeleteInternetGateway", *_TAGS),
    "aws_kms_key": ("PutKeyPolicy", "ScheduleKeyDeletion", "CancelKeyDeletion", "DisableKey", "EnableKey",
                    "DisableKeyRotation", "EnableKeyRotation", "TagResource", "UntagResource"),
    "aws_lambda_function": _FUNCTION,
    "aws_launch_template": ("CreateLaunchTemplateVersion", "ModifyLaunchTemplate", "DeleteLaunchTemplate*", *_TAGS),
    "aws_lb": _BALANCER,
    "aws_lb_listener": ("ModifyListener*", "DeleteListener", "AddListenerCertificates", "RemoveListenerCertificates"),
    "aws_lb_target_group": ("ModifyTargetGroup*", "RegisterTargets", "DeregisterTargets", "DeleteTargetGroup"),
    "aws_network_acl": ("*NetworkAclEntry", "ReplaceNetworkAclAssociation", "DeleteNetworkAcl", *_TAGS),
    "aws_rds_cluster": _CLUSTER,
    "aws_route": ("CreateRoute", "ReplaceRoute", "DeleteRoute"),
    "aws_route53_record": ("ChangeResourceRecordSets",),
    "aws_route53_zone": ("DeleteHostedZone", "UpdateHostedZoneComment", "ChangeTagsForResource"),
    "aws_route_table": ("CreateRoute", "ReplaceRoute", "DeleteRoute", "DeleteRouteTable", *_TAGS),
    "aws_s3_bucket": _BUCKET,
    "aws_s3_bucket_policy": _BUCKET,
    "aws_s3_bucket_public_access_block": _BUCKET,
    "aws_s3_bucket_server_side_encryption_configuration": _BUCKET,
    "aws_s3_bucket_versioning": _BUCKET,
    "aws_secretsmanager_secret": ("UpdateSecret", "DeleteSecret", "RotateSecret", "PutResourcePolicy", "TagResource",
                                  "UntagResource"),
    "aws_security_group": _GROUP,
    "aws_security_group_rule": _RULE,
    "aws_sns_topic": ("SetTopicAttributes", "DeleteTopic", "AddPermission", "RemovePermission", "TagResource",
                      "UntagResource"),
    "aws_sqs_queue": ("SetQueueAttributes", "DeleteQueue", "AddPermission", "RemovePermission", "TagQueue",
                      "UntagQueue"),
    "aws_ssm_parameter": ("PutParameter", "DeleteParameter*", "AddTagsToResource", "RemoveTagsFromResource"),
    "aws_subnet": ("ModifySubnetAttribute", "DeleteSubnet", *_TAGS),
    "aws_vpc": ("ModifyVpcAttribute", "DeleteVpc", "AssociateVpcCidrBlock", "DisassociateVpcCidrBlock", *_TAGS),
    "aws_vpc_security_group_egress_rule": _RULE,
    "aws_vpc_security_group_ingress_rule": _RULE,
}  # fmt: skip


def may_explain(kind: str, call: str) -> bool:
    """Return whether an API call can cause drift of a resource type."""
    return any(fnmatchcase(call, pattern) for pattern in VERBS.get(kind, ()))
