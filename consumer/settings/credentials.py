"""How credentials of accounts are encrypted before they are stored."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from consumer.settings.fields import Map


def _is_map(value: SecretStr) -> SecretStr:
    try:
        if isinstance(json.loads(value.get_secret_value()), dict):
            return value
    except ValueError:
        pass
    raise ValueError('must be a map in JSON, such as {"accessKeyId": "..."}')


class CredentialSettings(BaseSettings):
    """The master key that protects the credentials in account documents, and who keeps it."""

    model_config = SettingsConfigDict(
        env_prefix="MARKETSYNC_CREDENTIALS_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    provider: Literal["local", "aws", "azure", "gcp", "kmip"] = Field(
        "local",
        description="Who keeps the master key: local (a file or a variable of ours) or a key management service.",
    )
    master_key_file: Path | None = Field(
        None,
        description="File of local master keys, one a line (96 bytes in base64); the first encrypts, all decrypt. It is"
        " read again when it changes. Unset, with servers of this machine = master.keys in MARKETSYNC_HOME, made when"
        " it is needed.",
    )
    master_keys: SecretStr | None = Field(
        None, description="The same lines as a variable, comma separated, instead of a file."
    )
    provider_options: Annotated[SecretStr, AfterValidator(_is_map)] = Field(
        SecretStr("{}"),
        description="How to sign in to the key management service, as JSON in the words of MongoDB's drivers"
        ' (kmsProviders), e.g. {"accessKeyId": "...", "secretAccessKey": "..."}.',
    )
    provider_key: Map = Field(
        default_factory=dict,
        description="Which master key of the service, as JSON (MongoDB's masterKey), e.g."
        ' {"region": "eu-south-1", "key": "arn:aws:kms:..."}.',
    )
    provider_tls: Map = Field(
        default_factory=dict,
        description='TLS options for the service, as JSON, e.g. {"tlsCAFile": "..."}; kmip needs them.',
    )
