"""Serializers in a client's settings: taken out, built where a builder is given, and closed with the client."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional, Tuple


class Serdes:
    """The serdes of keys and of values: ``key``, ``value``; those that were built here are closed by ``close()``."""

    def __init__(self, conf: Dict[str, Any], kind: str) -> None:
        self.conf = dict(conf)
        self._built: List[Any] = []
        try:
            self.key = self._take(f"key.{kind}", is_key=True)
            self.value = self._take(f"value.{kind}", is_key=False)
        except BaseException:
            self.close()
            raise

    def _take(self, name: str, is_key: bool) -> Optional[Callable[..., Any]]:
        given = self.conf.pop(name, None)
        builder = self.conf.pop(f"{name}.builder", None)
        if builder is None:
            return given  # type: ignore[no-any-return]
        if given is not None:
            raise ValueError(f"Cannot configure both {name} and {name}.builder; use one or the other")
        result: Tuple[Any, Dict[str, Any]] = builder.build(dict(self.conf), is_key)
        if not isinstance(result, tuple) or len(result) != 2 or not isinstance(result[1], dict):
            raise ValueError(f"{name}.builder must return a serde and the settings that are left")
        built, self.conf = result
        self._built.append(built)
        return built  # type: ignore[no-any-return]

    def offer_cluster_id(self, resolver: Callable[[], Any]) -> None:
        """offer_cluster_id(resolver): to those that want to know it."""
        for serde in (self.key, self.value):
            offer = getattr(serde, "set_cluster_id_resolver", None)
            if offer is not None:
                offer(resolver)

    def close(self) -> None:
        """close(): all are closed; what the first one raised is raised at the end."""
        built, self._built = self._built, []
        first: Optional[BaseException] = None
        for serde in built:
            try:
                serde.close()
            except Exception as error:
                first = first or error
        if first is not None:
            raise first
