<?php

//includes files
	require_once dirname(__DIR__, 2) . "/resources/require.php";
	require_once "resources/check_auth.php";
	require_once "resources/paging.php";

//check permissions
	voice_page::require_permission('voice_transfer_destination_view');
	$may_add = permission_exists('voice_transfer_destination_add');
	$may_edit = permission_exists('voice_transfer_destination_edit');
	$may_delete = permission_exists('voice_transfer_destination_delete');

//add multi-lingual support
	$language = new text;
	$text = $language->get();

	$list = new voice_list(['destination_order', 'destination_name', 'destination_kind', 'destination_number', 'destination_enabled', 'destination_description']);

//process the http post data by action
	if (!empty($_POST['action'])) {
		voice_page::require_genuine($text, $list->url('voice_transfer_destinations.php'));
		$own_rows = new voice_list_rows($database, $domain_uuid, 'voice_transfer_destinations', 'destination_enabled');
		$records = $_POST['voice_transfer_destinations'] ?? [];
		$done = false;
		if ($_POST['action'] === 'copy' && $may_add) {
			$done = $own_rows->copy($records, 'destination_name', $text['label-copy_suffix']);
		}
		if ($_POST['action'] === 'toggle' && $may_edit) {
			$done = $own_rows->toggle($records);
		}
		if ($_POST['action'] === 'order' && $may_edit) {
			$done = $own_rows->order($_POST['order'] ?? [], 'destination_order');
		}
		if ($_POST['action'] === 'delete' && $may_delete) {
			$done = $own_rows->delete($records) > 0;
		}
		$done ? message::add($text['message-'.($_POST['action'] === 'order' ? 'update' : $_POST['action'])] ?? $text['message-update']) : message::add($text['message-not_saved'], 'negative');
		voice_page::go($list->url('voice_transfer_destinations.php'));
	}

//get the list
	$parameters = ['domain_uuid' => $domain_uuid];
	$sql_where = "where domain_uuid = :domain_uuid ".$list->searched(['destination_name', 'destination_number', 'destination_description', 'cast(destination_aliases as text)'], $parameters);
	$num_rows = (int) $database->select("select count(*) from v_voice_transfer_destinations ".$sql_where, $parameters, 'column');
	$list->paged($settings, $num_rows);
	$sql = "select voice_transfer_destination_uuid, voice_secretary_uuid, destination_name, destination_aliases, destination_kind, ";
	$sql .= "destination_number, destination_order, cast(destination_enabled as text) as destination_enabled, destination_description ";
	$sql .= "from v_voice_transfer_destinations ".$sql_where;
	$sql .= order_by($list->order_by, $list->order, 'destination_order', 'asc').", destination_name asc ";
	$sql .= limit_offset($list->rows_per_page, $list->offset);
	$rows = $database->select($sql, $parameters, 'all');
	$rows = is_array($rows) ? $rows : [];
	$secretaries = voice_rows::secretaries($database, $domain_uuid);

//include header
	$document['title'] = $text['title-voice_transfer_destinations'];
	require_once "resources/header.php";
	voice_page::top($database, $text, 'voice_transfer_destinations.php');

//show the content
	$buttons = $may_add ? button::create(['type' => 'button', 'label' => $text['button-add'], 'icon' => $settings->get('theme', 'button_icon_add'), 'id' => 'btn_add', 'link' => 'voice_transfer_destination_edit.php']) : '';
	$list->head($settings, $text, $text['title-voice_transfer_destinations'], $num_rows, $buttons, array_keys(array_filter(['copy' => $may_add && $rows, 'toggle' => $may_edit && $rows, 'delete' => $may_delete && $rows])));
	echo $text['description-voice_transfer_destinations']."\n<br /><br />\n";
	$has_checkbox = $may_add || $may_edit || $may_delete;
	$may_drag = $may_edit && $list->order_by === 'destination_order' && $list->order === 'asc' && $list->search === '';
	$list->table([
		'destination_order' => [$text['label-order'], "class='shrink'"],
		'destination_name' => [$text['label-name'], ''],
		0 => [$text['label-aliases'], "class='hide-sm-dn'"],
		'destination_kind' => [$text['label-destination_kind'], ''],
		'destination_number' => [$text['label-number'], ''],
		1 => [$text['label-secretary'], "class='hide-sm-dn'"],
		'destination_enabled' => [$text['label-enabled'], "class='center'"],
		'destination_description' => [$text['label-description'], "class='hide-sm-dn'"],
	], $has_checkbox, !empty($rows));
	foreach ($rows as $x => $row) {
		$link = $may_edit ? "voice_transfer_destination_edit.php?id=".urlencode($row['voice_transfer_destination_uuid']) : '';
		echo "<tr class='list-row' href='".$link."' data-uuid='".escape($row['voice_transfer_destination_uuid'])."'>\n";
		if ($has_checkbox) {
			echo voice_list::checkbox('voice_transfer_destinations', $x, $row['voice_transfer_destination_uuid']);
		}
		echo "	<td class='no-link'>".($may_drag ? "<span class='fa-solid fa-grip-vertical voice_drag'></span> " : '').escape((string) (int) $row['destination_order'])."</td>\n";
		echo "	<td>".($link === '' ? '' : "<a href='".$link."'>").escape($row['destination_name']).($link === '' ? '' : "</a>")."</td>\n";
		echo "	<td class='hide-sm-dn'>".escape(implode(', ', array_filter(voice_rows::json($row['destination_aliases']), 'is_string')))."</td>\n";
		echo "	<td>".escape($text['label-destination_'.$row['destination_kind']] ?? '')."</td>\n";
		echo "	<td>".escape($row['destination_number'])."</td>\n";
		echo "	<td class='hide-sm-dn'>".escape($row['voice_secretary_uuid'] === null ? $text['label-all_secretaries'] : $secretaries[$row['voice_secretary_uuid']] ?? '')."</td>\n";
		echo voice_list::enabled($x, (string) $row['destination_enabled'], $may_edit, $text);
		echo "	<td class='description overflow hide-sm-dn'>".escape($row['destination_description'] ?? '')."</td>\n";
		echo "</tr>\n";
	}
	$list->foot();
	if ($may_drag) {
		echo "<script src='".PROJECT_PATH."/resources/sortablejs/sortable.min.js'></script>\n";
		echo "<script src='".PROJECT_PATH."/app/voice_secretary/resources/javascript/list_order.js'></script>\n";
	}

//include the footer
	require_once "resources/footer.php";

?>
