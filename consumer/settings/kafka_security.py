"""How to log in at Kafka."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class KafkaSecuritySettings(BaseSettings):
    """TLS and SASL of every Kafka client. The defaults are those of a broker inside a closed network: neither."""

    model_config = SettingsConfigDict(env_prefix="KAFKA_", frozen=True, extra="ignore", env_ignore_empty=True)

    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT",
        description="SASL_SSL for managed Kafka, SSL for client certificates, PLAINTEXT in a closed network.",
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "PLAIN", description="How the password is shown: PLAIN (Confluent Cloud) or SCRAM (MSK, Aiven, Redpanda)."
    )
    sasl_username: str = Field("", description="User, or API key, for SASL.")
    sasl_password: SecretStr = Field(SecretStr(""), description="Password, or API secret, for SASL.")
    ssl_ca_file: Path | None = Field(
        None, description="File (PEM) of the authority that signed the brokers' certificates; unset = the system's."
    )
    ssl_certificate_file: Path | None = Field(None, description="File (PEM) of this client's own certificate.")
    ssl_key_file: Path | None = Field(None, description="File (PEM) of that certificate's private key.")

    @model_validator(mode="after")
    def _complete(self) -> KafkaSecuritySettings:
        protocol = self.security_protocol
        if protocol.startswith("SASL_") and not (self.sasl_username and self.sasl_password.get_secret_value()):
            raise ValueError(f"KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD are needed with {protocol}")
        if self.sasl_username and not protocol.startswith("SASL_"):
            raise ValueError(
                f"KAFKA_SECURITY_PROTOCOL must be SASL_SSL where KAFKA_SASL_USERNAME is set, not {protocol}"
            )
        if (self.ssl_certificate_file is None) != (self.ssl_key_file is None):
            raise ValueError("KAFKA_SSL_CERTIFICATE_FILE and KAFKA_SSL_KEY_FILE belong together: set both or neither")
        return self

    def of_client(self) -> dict[str, str]:
        """The same in the words of Kafka's client. It holds the password."""
        if self.security_protocol == "PLAINTEXT":
            return {}
        files = {
            "ssl.ca.location": self.ssl_ca_file,
            "ssl.certificate.location": self.ssl_certificate_file,
            "ssl.key.location": self.ssl_key_file,
        }
        login = {
            "sasl.mechanism": self.sasl_mechanism,
            "sasl.username": self.sasl_username,
            "sasl.password": self.sasl_password.get_secret_value(),
        }
        return {
            "security.protocol": self.security_protocol,
            **(login if self.security_protocol.startswith("SASL_") else {}),
            **({name: str(file) for name, file in files.items() if file} if "SSL" in self.security_protocol else {}),
        }
