"""What admin requests are about: resources, their settings, access rules, offsets."""

from __future__ import annotations

import abc
import functools
from enum import Enum
from typing import Any, Dict, List, Optional, Tuple, Union

from .. import _cimpl
from .._model import OrderedEnum, to_enum


class ResourceType(OrderedEnum):
    """A kind of resource: TOPIC, GROUP, BROKER and others."""

    UNKNOWN = _cimpl.RESOURCE_UNKNOWN
    ANY = _cimpl.RESOURCE_ANY
    TOPIC = _cimpl.RESOURCE_TOPIC
    GROUP = _cimpl.RESOURCE_GROUP
    BROKER = _cimpl.RESOURCE_BROKER
    TRANSACTIONAL_ID = _cimpl.RESOURCE_TRANSACTIONAL_ID


class ResourcePatternType(OrderedEnum):
    """How a pattern names resources: LITERAL, PREFIXED and, for looking up, ANY and MATCH."""

    UNKNOWN = _cimpl.RESOURCE_PATTERN_UNKNOWN
    ANY = _cimpl.RESOURCE_PATTERN_ANY
    MATCH = _cimpl.RESOURCE_PATTERN_MATCH
    LITERAL = _cimpl.RESOURCE_PATTERN_LITERAL
    PREFIXED = _cimpl.RESOURCE_PATTERN_PREFIXED


class AlterConfigOpType(Enum):
    """What happens to a setting: SET, DELETE (back to its default), APPEND or SUBTRACT for lists."""

    SET = _cimpl.ALTER_CONFIG_OP_TYPE_SET
    DELETE = _cimpl.ALTER_CONFIG_OP_TYPE_DELETE
    APPEND = _cimpl.ALTER_CONFIG_OP_TYPE_APPEND
    SUBTRACT = _cimpl.ALTER_CONFIG_OP_TYPE_SUBTRACT


class ConfigSource(Enum):
    """Where a value comes from: ``ConfigSource(entry.source)``."""

    UNKNOWN_CONFIG = _cimpl.CONFIG_SOURCE_UNKNOWN_CONFIG
    DYNAMIC_TOPIC_CONFIG = _cimpl.CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG
    DYNAMIC_BROKER_CONFIG = _cimpl.CONFIG_SOURCE_DYNAMIC_BROKER_CONFIG
    DYNAMIC_DEFAULT_BROKER_CONFIG = _cimpl.CONFIG_SOURCE_DYNAMIC_DEFAULT_BROKER_CONFIG
    STATIC_BROKER_CONFIG = _cimpl.CONFIG_SOURCE_STATIC_BROKER_CONFIG
    DEFAULT_CONFIG = _cimpl.CONFIG_SOURCE_DEFAULT_CONFIG
    GROUP_CONFIG = _cimpl.CONFIG_SOURCE_GROUP_CONFIG


class ConfigEntry:
    """A setting: ``name``, ``value``, where it comes from, and in an alteration, ``incremental_operation``."""

    def __init__(
        self,
        name: str,
        value: Optional[str],
        source: Union[ConfigSource, int] = ConfigSource.UNKNOWN_CONFIG,
        is_read_only: bool = False,
        is_default: bool = False,
        is_sensitive: bool = False,
        is_synonym: bool = False,
        synonyms: Optional[Dict[str, "ConfigEntry"]] = None,
        incremental_operation: Optional[AlterConfigOpType] = None,
    ) -> None:
        self.name = name
        self.value = value
        self.source = source
        self.is_read_only = bool(is_read_only)
        self.is_default = bool(is_default)
        self.is_sensitive = bool(is_sensitive)
        self.is_synonym = bool(is_synonym)
        self.synonyms = {} if synonyms is None else synonyms
        self.incremental_operation = incremental_operation

    def __str__(self) -> str:
        return f'{self.name}="{self.value}"'

    def __repr__(self) -> str:
        return f"ConfigEntry({self})"


@functools.total_ordering
class ConfigResource:
    """A topic or a broker with settings: those to be set, or those that were described. Equal by type and name."""

    Type = ResourceType

    def __init__(
        self,
        restype: Union[ResourceType, str, int],
        name: str,
        set_config: Optional[Dict[str, str]] = None,
        described_configs: Optional[Dict[str, ConfigEntry]] = None,
        error: Optional[Any] = None,
        incremental_configs: Optional[List[ConfigEntry]] = None,
    ) -> None:
        if name is None:
            raise ValueError("Expected resource name to be a string")
        if isinstance(restype, str) and restype.upper() not in ResourceType.__members__:
            raise ValueError(f'Unknown resource type "{restype}": should be a ConfigResource.Type')
        self.restype = to_enum(restype, ResourceType)
        self.restype_int = int(self.restype.value)
        self.name = name
        self.set_config_dict = dict(set_config or {})
        self.incremental_configs = list(incremental_configs or [])
        self.configs = described_configs
        self.error = error

    def set_config(self, name: str, value: str, overwrite: bool = True) -> None:
        """set_config(name, value, overwrite=True): a value for ``alter_configs()``."""
        if overwrite or name not in self.set_config_dict:
            self.set_config_dict[name] = value

    def add_incremental_config(self, config_entry: ConfigEntry) -> None:
        """add_incremental_config(config_entry): a change for ``incremental_alter_configs()``."""
        self.incremental_configs.append(config_entry)

    def __len__(self) -> int:
        return len(self.set_config_dict)

    def __bool__(self) -> bool:
        return True

    def __hash__(self) -> int:
        return hash((self.restype, self.name))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ConfigResource):
            return NotImplemented
        return (self.restype, self.name) == (other.restype, other.name)

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, ConfigResource):
            return NotImplemented
        return (self.restype.value, self.name) < (other.restype.value, other.name)

    def __repr__(self) -> str:
        error = "" if self.error is None else f",{self.error!r}"
        return f"ConfigResource({self.restype},{self.name}{error})"


class AclOperation(OrderedEnum):
    """What an access rule is about: READ, WRITE and others."""

    UNKNOWN = _cimpl.ACL_OPERATION_UNKNOWN
    ANY = _cimpl.ACL_OPERATION_ANY
    ALL = _cimpl.ACL_OPERATION_ALL
    READ = _cimpl.ACL_OPERATION_READ
    WRITE = _cimpl.ACL_OPERATION_WRITE
    CREATE = _cimpl.ACL_OPERATION_CREATE
    DELETE = _cimpl.ACL_OPERATION_DELETE
    ALTER = _cimpl.ACL_OPERATION_ALTER
    DESCRIBE = _cimpl.ACL_OPERATION_DESCRIBE
    CLUSTER_ACTION = _cimpl.ACL_OPERATION_CLUSTER_ACTION
    DESCRIBE_CONFIGS = _cimpl.ACL_OPERATION_DESCRIBE_CONFIGS
    ALTER_CONFIGS = _cimpl.ACL_OPERATION_ALTER_CONFIGS
    IDEMPOTENT_WRITE = _cimpl.ACL_OPERATION_IDEMPOTENT_WRITE


class AclPermissionType(OrderedEnum):
    """Whether an access rule allows or denies: ALLOW, DENY."""

    UNKNOWN = _cimpl.ACL_PERMISSION_TYPE_UNKNOWN
    ANY = _cimpl.ACL_PERMISSION_TYPE_ANY
    DENY = _cimpl.ACL_PERMISSION_TYPE_DENY
    ALLOW = _cimpl.ACL_PERMISSION_TYPE_ALLOW


@functools.total_ordering
class AclBinding:
    """An access rule: who may do what with which resource from where. Engines in this process have none."""

    def __init__(
        self,
        restype: Union[ResourceType, str, int],
        name: Optional[str],
        resource_pattern_type: Union[ResourcePatternType, str, int],
        principal: Optional[str],
        host: Optional[str],
        operation: Union[AclOperation, str, int],
        permission_type: Union[AclPermissionType, str, int],
        error: Optional[Any] = None,
    ) -> None:
        self.restype = to_enum(restype, ResourceType)
        self.name = name
        self.resource_pattern_type = to_enum(resource_pattern_type, ResourcePatternType)
        self.principal = principal
        self.host = host
        self.operation = to_enum(operation, AclOperation)
        self.permission_type = to_enum(permission_type, AclPermissionType)
        self.error = error
        self._check()
        self.restype_int = int(self.restype.value)
        self.resource_pattern_type_int = int(self.resource_pattern_type.value)
        self.operation_int = int(self.operation.value)
        self.permission_type_int = int(self.permission_type.value)

    def _check(self) -> None:
        for field in ("name", "principal", "host"):
            value = getattr(self, field)
            if value is None:
                raise ValueError(f"{field} must be given")
            if not isinstance(value, str):
                raise TypeError(f"{field} must be a string")
        for field in ("restype", "resource_pattern_type", "operation", "permission_type"):
            if getattr(self, field).name in ("UNKNOWN", "ANY", "MATCH"):
                raise ValueError(f"{field} must be a specific one")

    def _key(self) -> Tuple[Any, ...]:
        texts = tuple(text or "" for text in (self.name, self.principal, self.host))
        kinds = (self.restype, self.resource_pattern_type, self.operation, self.permission_type)
        return texts + tuple(kind.value for kind in kinds)

    def __hash__(self) -> int:
        return hash(self._key())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AclBinding):
            return NotImplemented
        return self._key() == other._key()

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, AclBinding):
            return NotImplemented
        return self._key() < other._key()

    def __repr__(self) -> str:
        kinds = f"{self.restype},{self.name},{self.resource_pattern_type},{self.principal},{self.host}"
        return f"{type(self).__name__}({kinds},{self.operation},{self.permission_type})"


class AclBindingFilter(AclBinding):
    """Which access rules: None and ANY stand for all."""

    def _check(self) -> None:
        for field in ("name", "principal", "host"):
            value = getattr(self, field)
            if value is not None and not isinstance(value, str):
                raise TypeError(f"{field} must be a string")
        for field in ("restype", "resource_pattern_type", "operation", "permission_type"):
            if getattr(self, field).name == "UNKNOWN":
                raise ValueError(f"{field} must be a specific one")


class ScramMechanism(OrderedEnum):
    """How a password is kept: SCRAM_SHA_256 or SCRAM_SHA_512."""

    UNKNOWN = _cimpl.SCRAM_MECHANISM_UNKNOWN
    SCRAM_SHA_256 = _cimpl.SCRAM_MECHANISM_SHA_256
    SCRAM_SHA_512 = _cimpl.SCRAM_MECHANISM_SHA_512


class ScramCredentialInfo:
    """How a user's password is kept: ``mechanism``, ``iterations``."""

    def __init__(self, mechanism: ScramMechanism, iterations: int) -> None:
        self.mechanism = mechanism
        self.iterations = iterations


class UserScramCredentialsDescription:
    """What is kept of a user: ``user``, ``scram_credential_infos``."""

    def __init__(self, user: str, scram_credential_infos: List[ScramCredentialInfo]) -> None:
        self.user = user
        self.scram_credential_infos = scram_credential_infos


class UserScramCredentialAlteration:
    """A change of a user's credentials: base class of upsertions and deletions."""

    def __init__(self, user: str) -> None:
        self.user = user


class UserScramCredentialUpsertion(UserScramCredentialAlteration):
    """A user's new password: ``scram_credential_info``, ``password``, ``salt``."""

    def __init__(
        self, user: str, scram_credential_info: ScramCredentialInfo, password: bytes, salt: Optional[bytes] = None
    ) -> None:
        super().__init__(user)
        self.scram_credential_info = scram_credential_info
        self.password = password
        self.salt = salt


class UserScramCredentialDeletion(UserScramCredentialAlteration):
    """A password to be forgotten: ``mechanism``."""

    def __init__(self, user: str, mechanism: ScramMechanism) -> None:
        super().__init__(user)
        self.mechanism = mechanism


class OffsetSpec(abc.ABC):
    """An offset by its meaning: ``OffsetSpec.earliest()``, ``latest()``, ``max_timestamp()``, ``for_timestamp(ms)``."""

    @property
    @abc.abstractmethod
    def _value(self) -> int: ...

    @classmethod
    def earliest(cls) -> "OffsetSpec":
        """earliest(): of the first record."""
        return EarliestSpec()

    @classmethod
    def latest(cls) -> "OffsetSpec":
        """latest(): behind the last record."""
        return LatestSpec()

    @classmethod
    def max_timestamp(cls) -> "OffsetSpec":
        """max_timestamp(): of the record with the largest timestamp."""
        return MaxTimestampSpec()

    @classmethod
    def for_timestamp(cls, timestamp: int) -> "OffsetSpec":
        """for_timestamp(timestamp): of the first record of this time or later, in milliseconds."""
        return TimestampSpec(timestamp)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OffsetSpec) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, OffsetSpec):
            return NotImplemented
        return self._value < other._value


class TimestampSpec(OffsetSpec):
    """By time: ``timestamp`` in milliseconds."""

    def __init__(self, timestamp: int) -> None:
        self.timestamp = timestamp

    @property
    def _value(self) -> int:
        return self.timestamp


class MaxTimestampSpec(OffsetSpec):
    """By the largest timestamp: see ``OffsetSpec.max_timestamp()``."""

    _value = _cimpl.OFFSET_SPEC_MAX_TIMESTAMP


class LatestSpec(OffsetSpec):
    """The end: see ``OffsetSpec.latest()``."""

    _value = _cimpl.OFFSET_SPEC_LATEST


class EarliestSpec(OffsetSpec):
    """The beginning: see ``OffsetSpec.earliest()``."""

    _value = _cimpl.OFFSET_SPEC_EARLIEST
