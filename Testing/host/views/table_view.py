"""A table in the layout."""

from ..widgets.declare import given
from ..widgets.table_view import qMRMLTableView
from .render_view import qMRMLAbstractViewWidget


class qMRMLTableWidget(qMRMLAbstractViewWidget):
    def __init__(self, node, application_logic):
        view = qMRMLTableView()
        view.setMRMLScene(node.GetScene())
        view.setMRMLTableViewNode(node)
        super().__init__(node, view)

    tableView = given("_view")
