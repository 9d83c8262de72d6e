"""What a secret is for, and where it is used."""

from enum import StrEnum


class SecretCategory(StrEnum):
    API_KEY = "api_key"
    DATABASE = "database"
    OAUTH = "oauth"
    WEBHOOK = "webhook"
    EMAIL = "email"
    PAYMENT = "payment"
    OTHER = "other"


class SecretEnvironment(StrEnum):
    DEVELOPMENT = "development"
    STAGING = "staging"
    PRODUCTION = "production"
    ALL = "all"
