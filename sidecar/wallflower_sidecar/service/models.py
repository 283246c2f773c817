"""The speech models as the API and `server.changed` show them."""

from ..speech.models.items import ModelItem, ModelState, model_document

__all__ = ["ModelItem", "ModelState", "model_document"]
