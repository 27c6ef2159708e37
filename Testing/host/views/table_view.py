"""A table in the layout."""

from __future__ import annotations

from ..widgets.table_view import qMRMLTableView
from .render_view import qMRMLAbstractViewWidget, qMRMLViewControllerBar


class qMRMLTableViewControllerWidget(qMRMLViewControllerBar):
    def __init__(self, node):
        super().__init__(node)
        self._node = node

    def mrmlTableViewNode(self):
        return self._node


class qMRMLTableWidget(qMRMLAbstractViewWidget):
    def __init__(self, node, application_logic):
        view = qMRMLTableView()
        view.setMRMLScene(node.GetScene())
        view.setMRMLTableViewNode(node)
        super().__init__(node, view, qMRMLTableViewControllerWidget(node))

    def tableView(self):
        return self._view

    def tableController(self):
        return self._bar

    def mrmlTableViewNode(self):
        return self._node
