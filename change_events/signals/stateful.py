"""Resource types that hold data which cannot be recreated."""

from __future__ import annotations

from change_events.text.lazy_pattern import lazy_pattern

_STATEFUL = {
    kind: lazy_pattern(pattern)
    for kind, pattern in {
        "database": r"_(db|rds|docdb|neptune|redshift|dynamodb|timestream\w*|keyspaces|elasticache|memorydb|dax)_"
        r"(instance|cluster|global_cluster|cluster_instance|table|global_table|database|keyspace|replication_group"
        r"|namespace)$|(^|_)(sql|mssql|mysql|mariadb|postgresql|cosmosdb|redis|spanner|bigtable|firestore|alloydb|oracle)_"
        r"(\w+_)?(instance|server|database|cluster|account|cache|table|container)$|_redis_cache$|bigquery_(dataset|table)$"
        r"|^digitalocean_database_(cluster|db)$|^mongodbatlas_(advanced_)?cluster$|(opensearch|elasticsearch)_domain$"
        r"|^(postgresql|mysql)_(database|schema)$|^snowflake_(database|schema|table)$",
        "volume": r"(^|_)(volume|persistent_disk|managed_disk|compute_(region_)?disk|persistent_volume(_claim)?(_v1)?"
        r"|efs_file_system|fsx_\w*file_system|filestore_instance|netapp_volume|storage_share"
        r"|blockstorage_volume_v\d)$",
        "bucket": r"_(s3_bucket|storage_bucket|storage_account|storage_container|spaces_bucket|objectstorage_bucket"
        r"|s3_directory_bucket|oss_bucket|cos_bucket)$|^minio_(s3_)?bucket$",
        "cluster": r"_(eks|ecs|msk|kafka|emr|gke|container|kubernetes|dataproc|hdinsight_\w+|mq)_(serverless_)?cluster$"
        r"|^civo_kubernetes_cluster$|_mq_broker$",
        "queue": r"_(sqs_queue|storage_queue|servicebus_(queue|topic|namespace)|eventhub(_namespace)?|kinesis_stream"
        r"|pubsub_(topic|subscription)|sns_topic|cloud_tasks_queue)$|^kafka_topic$",
        "secret or key": r"_(kms_key|kms_crypto_key|kms_key_ring|key_vault|key_vault_key|secretsmanager_secret"
        r"|secret_manager_secret)$|^vault_mount$",
        "backup": r"_(backup_vault|recovery_services_vault|db_snapshot|db_cluster_snapshot|ebs_snapshot)$",
        "directory of users": r"_cognito_user_pool$|_directory_service_directory$",
    }.items()
}


def stateful_kind(type_: str) -> str | None:
    """Return what data a resource of this type holds, as a noun; None if it can be recreated."""
    return next((kind for kind, pattern in _STATEFUL.items() if pattern.search(type_)), None)
